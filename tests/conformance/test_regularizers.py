"""Every penalty through the same checks; the rows stand in `cases.py`."""

import keras
import numpy as np
import pytest
from keras import ops

from tests.conformance.cases import CASES, RegularizerCase

KERNEL = np.array([[3.0, 0.0, 1.0], [4.0, 0.0, -2.0]])
every_penalty = pytest.mark.parametrize(
    "case", [case for case in CASES if isinstance(case, RegularizerCase)], ids=str
)


def penalized(case, **arguments):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, **arguments)])
    model.layers[0].set_weights([KERNEL, np.zeros(3)])
    return model


def plain(arguments):
    return keras.saving.serialize_keras_object(arguments)


@every_penalty
def test_config_round_trip(case):
    penalty = case.make()
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(penalty))
    assert type(copy) is case.cls
    assert copy.get_config() == penalty.get_config()
    if not case.refers:
        found = {name: getattr(copy, name) for name in case.arguments}
        assert plain(found) == plain(dict(case.arguments))


# JAX has no float64 unless it is told so before anything else.
DOUBLE = ["float64"] if keras.backend.backend() != "jax" else []


@every_penalty
@pytest.mark.parametrize("dtype", [*DOUBLE, "float32", "float16", "bfloat16"])
def test_value_in_every_precision(case, dtype):
    value = case.make()(keras.Variable(KERNEL, dtype=dtype))
    assert ops.shape(value) == ()
    assert keras.backend.standardize_dtype(value.dtype) == (
        "float64" if dtype == "float64" else "float32"
    )
    np.testing.assert_allclose(ops.convert_to_numpy(value), case.value, rtol=1e-6)


@every_penalty
@pytest.mark.parametrize("shape", [(), (5,), (1, 4), (4, 1), (2, 3, 4, 5)], ids=str)
def test_zero_weights_of_any_rank_have_a_finite_value_mostly_0(case, shape):
    if case.refers:
        pytest.skip("the penalty takes weights of one shape only")
    value = float(case.make()(np.zeros(shape, "float32")))
    assert np.isfinite(value)
    assert value == 0 or not case.free_at_zero


@every_penalty
@pytest.mark.parametrize("jit_compile", [False, True])
def test_zero_weights_stay_finite_in_training(case, jit_compile):
    model = penalized(case, kernel_regularizer=case.make())
    model.layers[0].set_weights([np.zeros((2, 3)), np.zeros(3)])
    model.compile("sgd", "mse", jit_compile=jit_compile)
    model.fit(np.zeros((4, 2)), np.zeros((4, 3)), verbose=0)
    assert np.isfinite(model.layers[0].get_weights()[0]).all()


@every_penalty
def test_the_loss_of_a_model_includes_the_penalty(case):
    model = penalized(case, kernel_regularizer=case.make())
    model.compile("sgd", "mse")
    loss = model.evaluate(np.zeros((4, 2)), np.zeros((4, 3)), verbose=0)
    np.testing.assert_allclose(loss, case.value, rtol=1e-6)


@every_penalty
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_activity_penalty_in_mixed_precision(case, policy):
    if case.refers:
        pytest.skip("the penalty is one on weights")
    model = penalized(case, activity_regularizer=case.make(), dtype=policy)
    model(np.eye(2))
    np.testing.assert_allclose(float(sum(model.losses)), case.value / 2, rtol=1e-6)


@every_penalty
@pytest.mark.parametrize("shape", [(1, 4), (4, 1), (1, 1)], ids=str)
def test_one_row_or_column_has_a_finite_value_and_gradient(case, shape):
    if case.refers:
        pytest.skip("the penalty takes weights of one shape only")
    penalty = case.make()
    dense = keras.layers.Dense(shape[1], use_bias=False, kernel_regularizer=penalty)
    model = keras.Sequential([keras.Input(shape[:1]), dense])
    weights = np.linspace(0.25, 0.75, np.prod(shape), dtype="float32").reshape(shape)
    dense.set_weights([weights])
    model.compile(keras.optimizers.SGD(0.01), "mse")
    zeros = np.zeros((1, *shape[:1]), "float32"), np.zeros((1, *shape[1:]), "float32")
    loss = model.fit(*zeros, verbose=0).history["loss"]
    assert np.isfinite(loss).all()
    assert np.isfinite(dense.get_weights()[0]).all()
