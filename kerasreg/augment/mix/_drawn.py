"""What the operations that mix examples draw."""

from typing import Any

import tensorflow as tf

from kerasreg import _checks
from kerasreg.augment._beta import beta


def alpha(name: str, value: Any, owner: object) -> float:
    """Returns a checked parameter of a Beta distribution; 0 stands for no mixing."""
    return _checks.number(name, value, owner, low=0)


def shares(words: tf.Tensor, alpha: Any) -> tf.Tensor:
    """Returns how much of itself each example keeps, Beta(alpha, alpha); all for an alpha of 0.

    Args:
        words: Random uint32 tensor of shape `(examples, 2)`.
        alpha: A number, or a tensor of shape `()` or `(examples,)`.
    """
    alpha = tf.cast(alpha, tf.float32)
    return tf.where(alpha > 0, beta(words, alpha), 1.0)


def partners(words: tf.Tensor) -> tf.Tensor:
    """Returns another example of the batch for each, along one random cycle through all.

    Args:
        words: Random uint32 tensor of shape `(examples,)`.
    """
    order = tf.argsort(tf.cast(words, tf.int64), stable=True)
    return tf.gather(tf.roll(order, -1, axis=0), tf.argsort(order))


def places(words: tf.Tensor) -> tf.Tensor:
    """Returns float64 numbers in [0, 1), of 24 bits: their product with a size is exact."""
    bits = tf.bitwise.right_shift(words, tf.constant(8, tf.uint32))
    return tf.cast(bits, tf.float64) * 2.0**-24
