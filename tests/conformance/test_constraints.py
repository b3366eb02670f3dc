"""Every constraint through the same checks; the rows stand in `cases.py`."""

import keras
import numpy as np
import pytest
from keras import ops

from tests.conformance.cases import CASES, ConstraintCase

KERNEL = np.array([[3.0, 0.0, 1.0], [4.0, 0.0, -2.0]])
every_constraint = pytest.mark.parametrize(
    "case", [case for case in CASES if isinstance(case, ConstraintCase)], ids=str
)
# JAX has no float64 unless it is told so before anything else.
DOUBLE = {"float64": 1e-6} if keras.backend.backend() != "jax" else {}
TOLERANCES = {**DOUBLE, "float32": 1e-6, "float16": 1e-3, "bfloat16": 1e-2}


def constrained(case, **compiled):
    layer = keras.layers.Dense(3, kernel_constraint=case.make())
    model = keras.Sequential([keras.Input((2,)), layer])
    model.compile(keras.optimizers.SGD(0.5), "mse", **compiled)
    return model


@every_constraint
def test_config_round_trip(case):
    constraint = case.make()
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(constraint))
    assert type(copy) is case.cls
    assert copy.get_config() == constraint.get_config()
    assert {name: getattr(copy, name) for name in case.arguments} == dict(case.arguments)


@every_constraint
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_value_in_every_precision(case, dtype):
    found = case.make()(keras.Variable(KERNEL, dtype=dtype))
    assert keras.backend.standardize_dtype(found.dtype) == dtype
    found = ops.convert_to_numpy(ops.cast(found, "float32"))
    np.testing.assert_allclose(found, case.value, atol=TOLERANCES[dtype] * 4)


@every_constraint
@pytest.mark.parametrize("shape", [(5,), (1, 4), (4, 1), (2, 3, 4, 5)], ids=str)
def test_zero_weights_of_any_rank_stay_zero(case, shape):
    if len(shape) == 1 and case.arguments.get("axis") == (1,):
        pytest.skip("weights without a second axis")
    assert not ops.convert_to_numpy(case.make()(np.zeros(shape, "float32"))).any()


@every_constraint
def test_what_is_inside_stays_to_the_bit(case):
    inside = (KERNEL / 100).astype("float32")
    np.testing.assert_array_equal(ops.convert_to_numpy(case.make()(inside)), inside)


@every_constraint
@pytest.mark.parametrize("jit_compile", [False, True])
def test_training_keeps_to_it(case, jit_compile):
    model = constrained(case, jit_compile=jit_compile)
    model.layers[0].set_weights([KERNEL, np.zeros(3)])
    x, y = np.eye(2), 10 * KERNEL
    model.fit(x, y, epochs=3, verbose=0)
    kernel = model.layers[0].get_weights()[0]
    assert kernel.any()
    np.testing.assert_allclose(ops.convert_to_numpy(case.make()(kernel)), kernel, atol=1e-5)
    assert not np.allclose(ops.convert_to_numpy(case.make()(y.astype("float32"))), y)


@every_constraint
def test_zero_weights_stay_finite_in_training(case):
    model = constrained(case, jit_compile=True)
    model.layers[0].set_weights([np.zeros((2, 3)), np.zeros(3)])
    model.fit(np.zeros((4, 2)), np.zeros((4, 3)), verbose=0)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], np.zeros((2, 3)))
