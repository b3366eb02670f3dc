"""Sums over a tensor in at least float32: half precision overflows and loses small terms."""

import keras
from keras import ops

from kerasreg import _backend


def absolute_sum(x):
    """Returns sum |x|."""
    return ops.sum(_backend.absolute(widened(x)))


def square_sum(x):
    """Returns sum x^2."""
    return ops.sum(ops.square(widened(x)))


def as_loss(penalty):
    """Returns a penalty in the dtype in which Keras adds up the losses of a model.

    TensorFlow adds no numbers of different dtypes. A penalty on float64 weights stays in float64,
    for training loops in float64.
    """
    return penalty if _is_double(penalty) else ops.cast(penalty, keras.config.floatx())


def _is_double(x):
    return keras.backend.standardize_dtype(x.dtype) == "float64"


def widened(x):
    """Returns a tensor in at least float32."""
    x = ops.convert_to_tensor(x)
    return x if _is_double(x) else ops.cast(x, "float32")
