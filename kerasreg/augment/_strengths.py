"""The strengths of an operation: numbers, ranges and schedules, at an epoch, for a class."""

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from kerasreg.augment import _limits
from kerasreg.augment._limits import Labels
from kerasreg.schedules import Schedule

if TYPE_CHECKING:
    from kerasreg.augment.operation import Operation

Strengths = dict[str, Any]


def strengths_of(operation: "Operation", epoch: tf.Tensor, labels: Labels | None) -> Strengths:
    """Returns what each strength of an operation comes to.

    Numbers stay Python numbers; a schedule gives a float32 scalar, limits a float32 tensor of
    shape `(examples,)`; a range a pair.
    """
    result = {}
    for name in (*operation.strengths, "probability"):
        limit = _limits.of(operation, name, labels)
        value = getattr(operation, name)
        result[name] = (
            tuple(_limited(end, limit) for end in value)
            if isinstance(value, tuple)
            else _limited(at_epoch(value, epoch), limit)
        )
    return result


def largest(value: Any) -> float:
    """Returns the largest number that a strength comes to."""
    if isinstance(value, Schedule):
        return float(value.bounds()[1])
    return max(value) if isinstance(value, tuple) else value


def scaled(operation: "Operation", factor: float) -> "Operation":
    """Returns an operation that is always applied, with its strengths at most a part of theirs."""
    config = {**operation.get_config(), "probability": 1.0}
    for name in operation.strengths:
        value = getattr(operation, name)
        limit = factor * largest(value)
        config[name] = (
            tuple(min(end, limit) for end in value) if isinstance(value, tuple) else limit
        )
    return type(operation).from_config(config)


def at_epoch(value: Any, epoch: tf.Tensor) -> Any:
    """Returns the value of a schedule at an epoch as a float32 scalar; anything else as it is."""
    if not isinstance(value, Schedule):
        return value
    if keras.backend.backend() == "tensorflow":
        return tf.ensure_shape(tf.cast(value(epoch), tf.float32), [])
    # A schedule is written in the operations of Keras' backend, which is not TensorFlow here.
    found = tf.numpy_function(
        lambda at: np.float32(value.sample(np.reshape(at, [1]))[0]), [epoch], tf.float32
    )
    return tf.ensure_shape(found, [])


def _limited(value: Any, limit: tf.Tensor | None) -> Any:
    return value if limit is None or value is None else tf.minimum(limit, value)
