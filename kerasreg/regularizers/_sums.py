"""Sums over a tensor in at least float32: half precision overflows and loses small terms."""

import keras
from keras import ops


def absolute_sum(x):
    """Returns sum |x|."""
    return ops.sum(ops.absolute(_widened(x)))


def square_sum(x):
    """Returns sum x^2."""
    return ops.sum(ops.square(_widened(x)))


def _widened(x):
    x = ops.convert_to_tensor(x)
    is_double = keras.backend.standardize_dtype(x.dtype) == "float64"
    return x if is_double else ops.cast(x, "float32")
