"""Training steps of a deep dense network with penalties on its weights."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

Step = Callable[[], object]

LAYERS, UNITS, BATCH = 20, 1024, 32


def penalized_network(
    penalty: Callable[[], keras.regularizers.Regularizer] | None, jit_compile: bool
) -> Step:
    """Returns one training step, by SGD with momentum, as `fit` runs it.

    Args:
        penalty: Makes the penalty of all kernels; None for none.
        jit_compile: Whether XLA compiles the step.
    """
    made = penalty() if penalty else None
    dense = [keras.layers.Dense(UNITS, "relu", kernel_regularizer=made) for _ in range(LAYERS)]
    model = keras.Sequential([keras.Input((UNITS,)), *dense])
    optimizer = keras.optimizers.SGD(1e-3, momentum=0.9)
    model.compile(optimizer, "mse", jit_compile=jit_compile)
    x = np.random.default_rng(0).standard_normal((BATCH, UNITS)).astype("float32")
    batches = iter(tf.data.Dataset.from_tensors((x, x)).repeat())
    step = model.make_train_function() or model.train_function
    return lambda: float(step(batches)["loss"])
