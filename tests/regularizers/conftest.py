import keras
import numpy as np
import pytest


@pytest.fixture
def floatx():
    """Returns a function that changes the dtype of all that names none, like a model's losses."""
    before = keras.config.floatx(), keras.config.dtype_policy()

    def change(dtype):
        keras.config.set_floatx(dtype)
        keras.config.set_dtype_policy(dtype)

    yield change
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


@pytest.fixture
def gradient(floatx):
    """Returns a function that gives the gradient of a penalty, as an optimizer sees it."""

    def compute(penalty, weights, dtype="float32"):
        if dtype == "float64":
            floatx(dtype)
        weights = np.asarray(weights, "float64")
        rows, columns = weights.shape
        layer = keras.layers.Dense(columns, use_bias=False, kernel_regularizer=penalty, dtype=dtype)
        model = keras.Sequential([keras.Input((rows,)), layer])
        model.set_weights([weights])
        before = model.get_weights()[0].astype("float64")
        model.compile(keras.optimizers.SGD(1.0), "mse", run_eagerly=True)
        # Inputs and targets of 0: the data's own gradient is 0.
        model.train_on_batch(np.zeros((1, rows)), np.zeros((1, columns)))
        return before - model.get_weights()[0].astype("float64")

    return compute
