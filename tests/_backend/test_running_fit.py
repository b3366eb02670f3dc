"""Facts about the `fit` on the stack."""

import keras
import numpy as np
import pytest

from kerasreg._backend.running_fit import running_fit

X = np.zeros((4, 1), "float32")


class Look(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.found = running_fit(self.model)
        self.of_another = running_fit(keras.Sequential())


@pytest.mark.parametrize(
    ("arguments", "validates"),
    [
        ({}, False),
        ({"validation_data": (X, X)}, True),
        ({"validation_split": 0.5}, True),
        ({"validation_data": (X, X), "validation_freq": 3}, True),
        ({"validation_data": (X, X), "validation_freq": 4}, False),
        ({"validation_data": (X, X), "validation_freq": [1, 3]}, True),
        ({"validation_data": (X, X), "validation_freq": [4]}, False),
        ({"validation_data": (X, X), "validation_freq": [1, 2], "initial_epoch": 2}, False),
    ],
    ids=str,
)
def test_fit(arguments, validates):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    look = Look()
    model.fit(X, X, epochs=3, verbose=0, callbacks=[look], **arguments)
    assert look.found.validates is validates
    assert look in look.found.callbacks.callbacks
    assert look.of_another is None
    assert running_fit(model) is None


def test_a_loop_of_ones_own_that_is_called_fit_is_none():
    class Own(keras.Sequential):
        def fit(self, epochs):
            callbacks = keras.callbacks.CallbackList([look], model=self)
            callbacks.on_train_begin()

    look = Look()
    Own().fit(3)
    assert look.found is None
