"""Storing a model's weights during training, and the update of the weights that follows."""

from collections.abc import Callable
from functools import partial

import keras
import tensorflow as tf

from benchmarks.peers import Step
from kerasreg.callbacks.stopping._snapshot import DeviceSnapshot

LARGE, SMALL = (1, 50_000_000), (100, 1000)


def model_of(count: int, size: int) -> keras.Model:
    """Returns a built model with so many variables of one size."""

    class Weights(keras.layers.Layer):
        def build(self, shape):
            for index in range(count):
                self.add_weight(shape=(size,), initializer="ones", name=f"weight{index}")

        def call(self, x):
            return x

    model = keras.Sequential([keras.Input((1,)), Weights()])
    model.compile("sgd", "mse")
    return model


def snapshot_step(count: int, size: int, taker: Callable, update: bool) -> Step:
    """Returns a step that stores the weights and, if asked to, updates them.

    Args:
        count: Number of variables.
        size: Elements of each.
        taker: Makes, from the model, the function that stores its weights.
        update: Whether an update in place follows, which pays where memory is shared.
    """
    model = model_of(count, size)
    take = taker(model)
    variables = [variable.value for variable in model.weights]

    @tf.function(autograph=False)
    def decay():
        for variable in variables:
            variable.assign_sub(variable * 1e-6)

    def step():
        take()
        if update:
            decay()

    return step


def device_snapshot(model: keras.Model) -> Callable:
    """Returns the snapshot of `kerasreg.callbacks.EarlyStopping`."""
    return partial(DeviceSnapshot().take, model, False)


def keras_own(model: keras.Model) -> Callable:
    """Returns that of `keras.callbacks.EarlyStopping`, which holds the list before meanwhile."""
    kept = []

    def take():
        kept[:] = [model.get_weights()]

    return take


def nothing(model: keras.Model) -> Callable:
    """Returns a function that stores nothing: the update alone."""
    return lambda: None
