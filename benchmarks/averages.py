"""An optimizer's update of the weights, with a moving average of them."""

import keras
import tensorflow as tf

from benchmarks.peers import Step
from benchmarks.snapshots import model_of
from kerasreg._backend.weight_averages import WeightAverages

LARGE, SMALL = (8, 3_000_000), (100, 1000)


def averaged_update(count: int, size: int, averaging: str) -> Step:
    """Returns a step that updates weights, compiled as `fit` does, and averages them.

    Args:
        count: Number of variables.
        size: Elements of each.
        averaging: "kerasreg", "Keras" (`use_ema=True`) or "none".
    """
    model = model_of(count, size)
    optimizer = keras.optimizers.SGD(1e-6, use_ema=averaging == "Keras")
    weights = model.trainable_variables
    optimizer.build(weights)
    gradients = [tf.ones(size) for _ in weights]

    @tf.function(jit_compile=True, autograph=False)
    def update(gradients):
        optimizer.apply(gradients, weights)

    averages = WeightAverages(model) if averaging == "kerasreg" else None

    def step():
        update(gradients)
        if averages is not None:
            averages.move(0.001)

    return step
