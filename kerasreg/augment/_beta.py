"""Beta- and Dirichlet-distributed numbers from random words."""

from typing import Any

import tensorflow as tf

from kerasreg.augment._draws import normal, pixel_words

# Each is accepted with a probability of 0.95 or more: none of them is once in 10**20 numbers.
TRIES = 16
LEAST_ALPHA = 1e-6


def beta(key: tf.Tensor, alpha: Any) -> tf.Tensor:
    """Returns one number of the symmetric distribution Beta(alpha, alpha) for each key.

    Args:
        key: uint32 tensor of shape `(examples, 2)`.
        alpha: A number above 0, or a float tensor of shape `(examples,)` or `()`. Below 1e-6 it
            counts as that, which gives 0 or 1 in float32 as any smaller one would.
    """
    return dirichlet(key, alpha, 2)[:, 0]


def dirichlet(key: tf.Tensor, alpha: Any, count: int) -> tf.Tensor:
    """Returns `count` numbers of sum 1 for each key, of the symmetric Dirichlet distribution.

    Args:
        key: uint32 tensor of shape `(examples, 2)`.
        alpha: As in `beta`.
        count: How many numbers.
    """
    return tf.nn.softmax(_log_gamma(key, alpha, count), axis=1)


def _log_gamma(key: tf.Tensor, alpha: Any, count: int) -> tf.Tensor:
    """Returns logarithms of numbers of the distribution Gamma(alpha), `(examples, count)`.

    By the rejection method of Marsaglia and Tsang with a fixed number of tries, for alpha + 1;
    Gamma(alpha) is Gamma(alpha + 1) * u**(1 / alpha).

    Reference:
        Marsaglia, Tsang 2000, A Simple Method for Generating Gamma Variables, ACM TOMS 26(3).
    """
    alpha = tf.maximum(tf.cast(alpha, tf.float32), LEAST_ALPHA)
    alpha = tf.reshape(alpha, [-1, 1, 1])
    examples = tf.shape(key)[0]
    words = pixel_words(key, tf.stack([examples, count, 2 * TRIES + 1]))
    x = normal(words[..., :TRIES])
    log_u = tf.math.log(_open_uniform(words[..., TRIES:]))
    d = alpha + 2 / 3
    v = (1 + x / (3 * tf.sqrt(d))) ** 3
    log_v = tf.math.log(tf.maximum(v, 1e-30))
    tries = x**2 / 2 + d * (1 - v + log_v)
    accepted = tf.logical_and(v > 0, log_u[..., :TRIES] < tries)
    first = tf.argmax(tf.cast(accepted, tf.int32), axis=-1, output_type=tf.int32)
    found = tf.gather(log_v, first, batch_dims=2)
    return found + log_u[..., TRIES] / alpha[..., 0]


def _open_uniform(words: tf.Tensor) -> tf.Tensor:
    """Returns float32 numbers in (0, 1): the midpoints of 2**23 intervals."""
    bits = tf.cast(tf.bitwise.right_shift(words, tf.constant(9, tf.uint32)), tf.float32)
    return (bits + 0.5) * 2.0**-23
