"""Where the moving averages of the weights are."""

import keras
import numpy as np
import pytest

from kerasreg._backend.averaged_variables import averaged_variables

X = np.linspace(-1.0, 1.0, 8, dtype="float32").reshape(4, 2)


def sgd(**arguments):
    return keras.optimizers.SGD(0.1, **arguments)


def compiled(optimizer):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer, "mse", run_eagerly=True)
    return model


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: sgd(use_ema=True, ema_momentum=0.5),
        lambda: keras.optimizers.LossScaleOptimizer(sgd(use_ema=True, ema_momentum=0.5)),
        lambda: keras.optimizers.MultiOptimizer(
            keras.optimizers.OptimizerMap(default_optimizer=sgd(use_ema=True, ema_momentum=0.5))
        ),
    ],
)
def test_the_averages_are_those_that_keras_leaves_in_the_model(optimizer):
    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            found = averaged_variables(self.model)
            self.averages = [found[id(v)].numpy().copy() for v in self.model.trainable_weights]
            self.raw = self.model.get_weights()

    model, look = compiled(optimizer()), Look()
    model.fit(X, np.ones((4, 1)), epochs=2, verbose=0, callbacks=[look])
    for average, raw, left in zip(look.averages, look.raw, model.get_weights(), strict=True):
        np.testing.assert_array_equal(average, left)
        assert np.any(average != raw)


@pytest.mark.parametrize("model", [compiled(sgd()), keras.Sequential(), object()])
def test_none_without_averaging(model):
    assert averaged_variables(model) == {}


def test_none_while_they_are_swapped_into_the_model():
    class Look(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.before = len(averaged_variables(self.model))

        def on_epoch_end(self, epoch, logs=None):
            self.after = len(averaged_variables(self.model))

    look = Look()
    swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    model = compiled(sgd(use_ema=True))
    model.fit(X, np.ones((4, 1)), epochs=2, verbose=0, callbacks=[swap, look])
    assert (look.before, look.after) == (2, 0)
