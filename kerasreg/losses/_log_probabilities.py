"""The logarithms of predicted probabilities, and those of the labels among them."""

import keras
from keras import ops


def widened(x):
    """Returns a tensor in at least float32: a sum over many classes needs it."""
    x = ops.convert_to_tensor(x)
    return x if keras.backend.standardize_dtype(x.dtype) == "float64" else ops.cast(x, "float32")


def log_probabilities(predictions, from_logits):
    """Returns log p along the last axis, from logits or from probabilities as Keras treats them.

    Keras divides probabilities by their sum and keeps them within `keras.config.epsilon()` of 0
    and 1.
    """
    if from_logits:
        return ops.log_softmax(predictions, axis=-1)
    epsilon = keras.config.epsilon()
    sums = ops.sum(predictions, axis=-1, keepdims=True)
    return ops.log(ops.clip(predictions / sums, epsilon, 1.0 - epsilon))


def of_labels(values, labels):
    """Returns the value of each label's class along the last axis; NaN where there is no such.

    Args:
        values: A tensor, classes last.
        labels: Integers in the shape of `values` without its last axis, of any dtype.
    """
    labels = ops.cast(labels, "int32")
    last = ops.shape(values)[-1] - 1
    known = ops.logical_and(labels >= 0, labels <= last)
    index = ops.expand_dims(ops.clip(labels, 0, last), -1)
    found = ops.squeeze(ops.take_along_axis(values, index, axis=-1), -1)
    return ops.where(known, found, ops.full_like(found, float("nan")))


def labels_without_axis(labels, predictions, axis):
    """Returns sparse labels without an axis of size 1 in the place of the classes."""
    if len(labels.shape) == len(predictions.shape) and labels.shape[axis] == 1:
        return ops.squeeze(labels, axis=axis)
    return labels
