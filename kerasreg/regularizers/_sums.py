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


def l1_l2_sum(x, l1, l2):
    """Returns l1 * sum |x| + l2 * sum x^2; a factor that is the number 0 costs nothing."""
    terms = []
    if _is_not_0(l1) or not _is_not_0(l2):
        terms.append(l1 * absolute_sum(x))
    if _is_not_0(l2):
        terms.append(l2 * square_sum(x))
    return sum(terms[1:], terms[0])


def _is_not_0(factor):
    return not isinstance(factor, float) or factor != 0


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
