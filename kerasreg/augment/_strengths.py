"""The strengths of an operation: numbers, ranges and schedules, at an epoch, for a class."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from kerasreg.augment import _limits
from kerasreg.augment._limits import Labels
from kerasreg.augment._span import ends
from kerasreg.schedules import Schedule

if TYPE_CHECKING:
    from kerasreg.augment.operation import Operation

Strengths = dict[str, Any]
LEAST_FACTOR = 1e-10


def strengths_of(operation: "Operation", epoch: tf.Tensor, labels: Labels | None) -> Strengths:
    """Returns what each strength of an operation comes to.

    Numbers stay Python numbers; a schedule gives a float32 scalar, limits a float32 tensor of
    shape `(examples,)`; a range a pair.
    """
    result = {}
    for name in (*operation.strengths, "probability"):
        limit = _limits.of(operation, name, labels)
        value = getattr(operation, name)
        nearer = tf.maximum if name in operation.weaker_above else tf.minimum
        result[name] = (
            tuple(_limited(end, limit, nearer) for end in value)
            if isinstance(value, tuple)
            else _limited(at_epoch(value, epoch), limit, nearer)
        )
    return result


def limit_at(operation: "Operation", name: str, factor: float) -> float:
    """Returns the limit that leaves a part of an operation's strength."""
    low, high = ends(getattr(operation, name))
    if name in operation.weaker_above:
        return float(low) - 20 * math.log10(max(factor, LEAST_FACTOR))
    return factor * float(high)


def scaled(operation: "Operation", factor: float) -> "Operation":
    """Returns an operation that is always applied, with its strengths at most a part of theirs."""
    config = {**operation.get_config(), "probability": 1.0}
    for name in operation.strengths:
        value = getattr(operation, name)
        limit = limit_at(operation, name, factor)
        nearer = max if name in operation.weaker_above else min
        config[name] = (
            tuple(nearer(end, limit) for end in value) if isinstance(value, tuple) else limit
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


def _limited(value: Any, limit: tf.Tensor | None, nearer: Callable[..., tf.Tensor]) -> Any:
    return value if limit is None or value is None else nearer(limit, value)
