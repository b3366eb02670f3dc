"""Beta-distributed numbers from words."""

import math

from keras import ops

from kerasreg._random.normal import normal
from kerasreg._random.uniform import open_uniform
from kerasreg._random.words import words

# Each is accepted with a probability of 0.98 or more: none of them is once in 10**27 numbers.
_TRIES = 16


def beta(key, alpha, shape=(), stream=0):
    """Returns float32 numbers of the symmetric distribution Beta(alpha, alpha).

    The logit is the difference of the logarithms of two gamma-distributed numbers, by the rejection
    method of Marsaglia and Tsang, with a fixed number of tries. Where alpha is so small that
    float32 has no such number, the result is 0 or 1.

    Args:
        key: The key of the call.
        alpha: A Python number above 0.
        shape: Sizes of the result.
        stream: Number of the first of six streams that are used.

    Reference:
        Marsaglia, Tsang 2000, A Simple Method for Generating Gamma Variables, ACM TOMS 26(3).
    """
    first, second = (_log_gamma(key, alpha, shape, stream + offset) for offset in (0, 3))
    return ops.sigmoid(first - second)


def _log_gamma(key, alpha, shape, stream):
    # Gamma(alpha) is Gamma(alpha + 1) * u**(1 / alpha).
    d = alpha + 1 - 1 / 3
    x = normal(words(key, (_TRIES, *shape), stream))
    log_u = ops.log(open_uniform(words(key, (_TRIES, *shape), stream + 1)))
    v = (1 + x / (3 * math.sqrt(d))) ** 3
    log_v = ops.log(ops.maximum(v, 1e-30))
    accepted = ops.logical_and(v > 0, log_u < x**2 / 2 + d * (1 - v + log_v))
    index = ops.expand_dims(ops.argmax(ops.cast(accepted, "int32"), axis=0), 0)
    log_v = ops.squeeze(ops.take_along_axis(log_v, index, axis=0), 0)
    return log_v + ops.log(open_uniform(words(key, shape, stream + 2))) / alpha
