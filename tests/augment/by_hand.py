"""Operations applied with parameters that a test chooses."""

import numpy as np
import tensorflow as tf

from kerasreg.augment._plan import Plan, Sampling


def by_hand(
    operations,
    parameters,
    images,
    *,
    fill_mode="constant",
    fill_value=0.0,
    interpolation="bilinear",
    jit_compile=False,
):
    """Returns what operations make of a batch with given parameters, one dict for each."""
    drawn = [{name: tf.constant(value) for name, value in one.items()} for one in parameters]
    sampling = Sampling(fill_mode, fill_value, interpolation)
    plan = Plan(operations, lambda index, epoch: drawn, sampling, tf.identity)
    images = tf.constant(images)
    index = tf.range(len(images), dtype=tf.int64)
    # In a graph, batches are not filled up, as the parameters could not be.
    run = tf.function(lambda: plan.run(images, index, tf.constant(0, tf.int64), jit_compile))
    return run().numpy()


def photograph(*shape, seed=0):
    """Returns random images of 8-bit values as float32."""
    return np.random.default_rng(seed).integers(0, 256, shape).astype("float32")
