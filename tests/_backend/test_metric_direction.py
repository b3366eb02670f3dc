"""The direction of every name that a model reports."""

import keras
import numpy as np
import pytest

from kerasreg._backend.metric_direction import metric_direction

X = np.zeros((2, 1), "float32")


def oddness(y_true, y_pred):
    return keras.ops.mean(y_pred)


@pytest.fixture(scope="module")
def model():
    x = keras.Input((1,))
    layers = [keras.layers.Dense(1, name=name) for name in ("a", "b")]
    model = keras.Model(x, {layer.name: layer(x) for layer in layers})
    model.compile(
        loss={"a": "mse", "b": "mae"},
        metrics={"a": ["accuracy", keras.metrics.R2Score(name="fit")], "b": ["mae", oddness]},
        weighted_metrics={"a": [], "b": ["mae"]},
        run_eagerly=True,
    )
    logs = model.evaluate(X, {"a": X, "b": X}, verbose=0, return_dict=True)
    assert set(logs) == {
        "loss", "a_loss", "b_loss", "a_accuracy", "a_fit", "b_mae", "b_oddness", "b_weighted_mae"
    }  # fmt: skip
    return model


@pytest.mark.parametrize("prefix", ["", "val_"])
@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("loss", "min"),
        ("a_loss", "min"),
        ("b_loss", "min"),
        ("a_accuracy", "max"),
        ("a_fit", "max"),
        ("b_mae", "min"),
        ("b_weighted_mae", "min"),
        ("b_oddness", None),
        ("c_loss", None),
        ("learning_rate", None),
    ],
)
def test_names_of_a_model_with_two_outputs(model, prefix, name, direction):
    assert metric_direction(model, prefix + name) == direction


def test_metrics_that_a_model_holds_itself():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.own_accuracy = keras.metrics.BinaryAccuracy(name="own")
            self.penalty = keras.metrics.Mean(name="penalty")

        def call(self, x):
            return x

    model = Own()
    assert metric_direction(model, "val_own") == "max"
    assert metric_direction(model, "penalty") is None
    assert metric_direction(model, "val_loss") == "min"


def test_of_anything_else_only_the_loss_is_known():
    assert metric_direction(object(), "val_loss") == "min"
    assert metric_direction(object(), "accuracy") is None
