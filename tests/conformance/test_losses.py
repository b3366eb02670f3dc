"""Every loss through the same checks; the rows stand in `cases.py`."""

import keras
import numpy as np
import pytest
from keras import ops

from tests.conformance.cases import CASES, LossCase

LOGITS = np.array([[1.0, -1.0, 3.0], [0.0, 2.0, -1.0]])
LABELS = np.array([2, 0])
every_loss = pytest.mark.parametrize(
    "case", [case for case in CASES if isinstance(case, LossCase)], ids=str
)


def predictions(loss):
    powers = np.exp(LOGITS)
    return LOGITS if loss.from_logits else powers / powers.sum(axis=1, keepdims=True)


def compiled(loss, **arguments):
    activation = None if loss.from_logits else "softmax"
    layer = keras.layers.Dense(3, activation=activation, use_bias=False, name="logits")
    model = keras.Sequential([keras.Input((2,)), layer])
    model.set_weights([LOGITS])
    model.compile("sgd", loss, **arguments)
    return model


@every_loss
def test_value(case):
    loss = case.make()
    np.testing.assert_allclose(loss(LABELS, predictions(loss)), case.value, rtol=1e-6)


@every_loss
def test_config_round_trip(case):
    loss = case.make()
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(copy) is case.cls
    assert copy.get_config() == loss.get_config()
    assert {name: getattr(copy, name) for name in case.arguments} == dict(case.arguments)


@every_loss
def test_half_precision_is_widened(case):
    loss = case.make()
    for dtype in ("float16", "bfloat16"):
        values = ops.cast(predictions(loss), dtype)
        given = np.asarray(ops.convert_to_numpy(ops.cast(values, "float32")), "float64")
        value = float(np.sum(ops.convert_to_numpy(loss.call(LABELS, values)).astype("float64")))
        expected = float(np.sum(ops.convert_to_numpy(loss.call(LABELS, given.astype("float32")))))
        np.testing.assert_allclose(value, expected, rtol=1e-6)


@every_loss
@pytest.mark.parametrize("jit_compile", [False, True])
def test_fit_and_the_saved_model_have_the_loss(case, jit_compile, tmp_path):
    model = compiled(case.make(), jit_compile=jit_compile)
    x, y = np.eye(2), LABELS[:, None]
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), case.value, rtol=1e-6)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded.loss) is case.cls
    assert loaded.loss.get_config() == model.loss.get_config()
    np.testing.assert_allclose(loaded.evaluate(x, y, verbose=0), case.value, rtol=1e-6)
    losses = model.fit(x, y, epochs=3, shuffle=False, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


@every_loss
def test_a_label_outside_of_the_classes_is_nan(case):
    loss = case.make()
    for label in (3, -1):
        assert np.isnan(ops.convert_to_numpy(loss(np.array([label, 0]), predictions(loss)))).all()
