"""Every model around another one through the same checks; the rows stand in `cases.py`."""

import keras
import numpy as np
import pytest

from tests.conformance.cases import CASES, ModelCase, classifier

every_model = pytest.mark.parametrize(
    "case", [case for case in CASES if isinstance(case, ModelCase)], ids=str
)
X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
LABELS = np.arange(8) % 3


def made(case):
    """Returns a wrapper around a model of its own."""
    return case.make(model=classifier())


def compiled(model, **arguments):
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], **arguments)
    return model


@every_model
def test_config_round_trip(case):
    model = made(case)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model))
    assert type(copy) is case.cls
    assert copy.get_config() == model.get_config()
    given = {name: value for name, value in case.arguments.items() if name != "model"}
    assert {name: getattr(copy, name) for name in given} == given
    np.testing.assert_array_equal(copy(X).shape, model(X).shape)


@every_model
@pytest.mark.parametrize("jit_compile", [False, True])
def test_fit_save_and_go_on(case, jit_compile, tmp_path):
    model = compiled(made(case), jit_compile=jit_compile)
    arguments = {"batch_size": 4, "shuffle": False, "verbose": 0}
    logs = model.fit(X, LABELS, validation_data=(X, LABELS), **arguments).history
    assert np.isfinite([values[0] for values in logs.values()]).all()
    names = {"accuracy", "loss"} | ({case.term} if case.term else set())
    assert set(logs) == names | {f"val_{name}" for name in names}
    if case.term:
        assert logs[case.term][0] > 0 == logs[f"val_{case.term}"][0]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    expected = model.predict(X, verbose=0)
    np.testing.assert_allclose(model.model.predict(X, verbose=0), expected, rtol=1e-5)
    np.testing.assert_allclose(loaded.predict(X, verbose=0), expected, rtol=1e-6)
    losses = [each.fit(X, LABELS, **arguments).history["loss"] for each in (model, loaded)]
    np.testing.assert_allclose(*losses, rtol=1e-5)


@every_model
def test_mixed_precision(case):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = compiled(made(case))
    finally:
        keras.config.set_dtype_policy(before)
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    logs = model.fit(X, LABELS, verbose=0).history
    assert np.isfinite(logs["loss"]).all()
    assert np.isfinite(model.get_weights()[0]).all()
