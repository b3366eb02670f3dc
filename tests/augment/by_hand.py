"""Operations applied with parameters that a test chooses."""

import numpy as np
import tensorflow as tf

from kerasreg.augment._plan import Plan
from kerasreg.augment._warped import Sampling


def by_hand(
    operations,
    parameters,
    images,
    *,
    fill_mode="constant",
    fill_value=0.0,
    interpolation="bilinear",
    value_range=None,
    jit_compile=False,
):
    """Returns what operations make of a batch with given parameters, one dict for each."""
    drawn = tf.nest.map_structure(tf.constant, tuple(parameters))
    sampling = Sampling(fill_mode, fill_value, interpolation)
    part = operations[0].part
    finish = None if part == "tokens" else lambda values: tf.cast(values, tf.float32)
    plan = Plan(operations, sampling, finish)
    return plan.run({part: tf.constant(images)}, drawn, value_range, jit_compile)[part].numpy()


def photograph(*shape, seed=0):
    """Returns random images of 8-bit values as float32."""
    return np.random.default_rng(seed).integers(0, 256, shape).astype("float32")
