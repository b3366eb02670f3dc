"""Trainings whose monitored values are given, so that what a callback does is known."""

import keras
import numpy as np

from kerasreg.callbacks.stopping.curve import Curve

X = np.linspace(-1.0, 1.0, 8, dtype="float32").reshape(4, 2)
Y = np.ones((4, 1), "float32")


def stop_of(criterion, values, direction="min", **columns):
    """Returns the index of the value after which a criterion stops, None if it does not."""
    curve = Curve(direction)
    for index, value in enumerate(values):
        curve.add(index, value, **{name: column[index] for name, column in columns.items()})
        before = repr(curve)
        stop, reason = criterion.decide(curve)
        assert repr(curve) == before  # a pure function
        assert (reason is not None) is bool(stop)
        if stop:
            return index
    return None


def one_weight_model() -> keras.Model:
    """Returns a model with the one weight 0."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.set_weights([np.zeros((1, 1))])
    return model


def weight(model: keras.Model) -> float:
    return float(model.get_weights()[0].item())


def play(stopper, values, monitor="val_loss", model=None) -> keras.Model:
    """Runs the hooks of a training whose epoch k (from 0) ends with weight k + 1 and value k."""
    model = model or one_weight_model()
    model.stop_training = False
    stopper.set_model(model)
    stopper.on_train_begin()
    for epoch, value in enumerate(values):
        model.set_weights([np.full((1, 1), epoch + 1.0)])
        stopper.on_epoch_end(epoch, {"loss": 1.0, monitor: value})
        if model.stop_training:
            break
    stopper.on_train_end()
    return model


class Report(keras.callbacks.Callback):
    """Puts given values into the logs, one for each epoch."""

    def __init__(self, monitor, values):
        super().__init__()
        self.monitor, self.values = monitor, values

    def on_epoch_end(self, epoch, logs=None):
        logs[self.monitor] = self.values[epoch]


class At(keras.callbacks.Callback):
    """Does something after a batch of an epoch."""

    def __init__(self, epoch, action, batch=0):
        super().__init__()
        self.at, self.action = (epoch, batch), action

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == self.at:
            self.action()


class Weights(keras.callbacks.Callback):
    """Keeps the weights after every epoch."""

    def on_train_begin(self, logs=None):
        self.after = []

    def on_epoch_end(self, epoch, logs=None):
        self.after.append(self.model.get_weights())


def small_model(**compiling) -> keras.Model:
    """Returns a compiled model that learns quickly from `X` and `Y`."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(**{"optimizer": "sgd", "loss": "mse", "run_eagerly": True, **compiling})
    return model


def fit(model, *callbacks, epochs=4, validate=True, **arguments):
    """Fits a model in two batches an epoch, the same whatever ran before."""
    arguments = {"batch_size": 2, "shuffle": False, "verbose": 0, **arguments}
    if validate:
        arguments["validation_data"] = (X, Y)
    return model.fit(X, Y, epochs=epochs, callbacks=list(callbacks), **arguments)
