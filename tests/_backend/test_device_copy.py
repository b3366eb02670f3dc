"""A copy on the device: what it holds, and that it is apart from the variables."""

import keras
import numpy as np
import pytest

from kerasreg._backend.device_copy import DeviceCopy

DTYPES = ["float32", "bfloat16", "float16", "int32", "bool"]


def make_variables(scale=1):
    rng = np.random.default_rng(0)
    shapes = [(3, 2), (), (4,), (2, 2), (2,)]
    return [
        keras.Variable(
            np.asarray(scale * rng.integers(1, 9, shape)), dtype=dtype, trainable="float" in dtype
        )
        for shape, dtype in zip(shapes, DTYPES, strict=True)
    ]


def values(variables):
    return [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in variables]


def assert_equal(found, expected):
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def test_it_holds_what_was_there_when_it_was_taken():
    variables = make_variables()
    copy = DeviceCopy(variables)
    for scale in (1, 0, 3):
        for variable, value in zip(variables, values(make_variables(scale)), strict=True):
            variable.assign(value)
        copy.take()
        expected = values(variables)
        for variable in variables:
            variable.assign(np.zeros(variable.shape, bool))
        assert_equal([copy.array(index) for index in range(len(variables))], expected)


def test_it_is_put_into_other_variables_and_stays():
    variables, others = make_variables(), make_variables(0)
    copy = DeviceCopy(variables)
    copy.take()
    for _ in range(2):
        for index, other in enumerate(others):
            copy.put(index, other)
        assert_equal(values(others), values(variables))
        for other in others:
            other.assign(np.zeros(other.shape, bool))


@pytest.mark.parametrize("times", [1, 3])
def test_it_outlives_compiled_training(times):
    """The training step may be given the memory of the variables."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=keras.config.backend() == "jax")
    copy = DeviceCopy(model.weights)
    for _ in range(times):
        copy.take()
        expected = values(model.weights)
        model.train_on_batch(np.ones((2, 2)), np.ones((2, 1)))
        assert_equal([copy.array(0), copy.array(1)], expected)
        assert np.any(values(model.weights)[0] != expected[0])
    for index, variable in enumerate(model.weights):
        copy.put(index, variable)
    model.train_on_batch(np.ones((2, 2)), np.ones((2, 1)))
    assert_equal([copy.array(0), copy.array(1)], expected)


def test_it_is_written_over_in_place():
    variables = make_variables()
    copy = DeviceCopy(variables)
    copy.take()
    before = list(map(_where, copy.buffers))
    copy.take()
    assert list(map(_where, copy.buffers)) == before


def _where(buffer):
    if keras.config.backend() == "jax":
        return buffer.unsafe_buffer_pointer()
    return buffer.data_ptr() if keras.config.backend() == "torch" else id(buffer)
