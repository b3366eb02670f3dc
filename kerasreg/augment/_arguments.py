"""The checks of an `Augmenter`'s arguments."""

from typing import Any

import tensorflow as tf

from kerasreg import _checks
from kerasreg.augment.operation import Operation
from kerasreg.augment.policy._group import checked_operations


def operations(value: Any, owner: object) -> list[Operation]:
    """Returns at least one operation, all on one kind of data."""
    result = checked_operations(value, owner)
    for each in result:
        if (each.part, each.rank) != (result[0].part, result[0].rank):
            expected = "operations on one kind of data; chain several augmenters for others"
            _checks.refuse("operations", each, owner, expected)
    return result


def tensors(element: Any) -> Any:
    """Returns an element with its leaves as tensors; arrays in it may be lists of numbers."""
    if isinstance(element, dict):
        return {name: tensors(each) for name, each in element.items()}
    if isinstance(element, tuple):
        return getattr(element, "_make", tuple)([tensors(each) for each in element])
    return tf.convert_to_tensor(element)


def value_range(value: Any, owner: object) -> tuple[float, float] | None:
    """Returns the lowest and the highest value, or None."""
    if value is None:
        return None
    low, high = _checks.many("value_range", value, owner, 2, _checks.number, broadcast=False)
    if low >= high:
        _checks.refuse("value_range", value, owner, "(low, high) with low below high")
    return low, high


def epoch(value: Any, owner: object) -> Any:
    """Returns an integer of at least 0, or a tensor or variable of integers as it is."""
    if isinstance(value, tf.Tensor | tf.Variable) and value.dtype.is_integer:
        return value
    return _checks.whole("epoch", value, owner, low=0)


def index(value: Any, count: int | None, owner: object) -> tf.Tensor:
    """Returns one index, or one for each of `count` examples, as int64."""
    expected = "an integer, or one for each example"
    result = tf.convert_to_tensor(value)
    if not result.dtype.is_integer:
        _checks.refuse("index", value, owner, expected, error=TypeError)
    if not (result.shape.rank == 0 or result.shape.is_compatible_with([count])):
        _checks.refuse("index", value, owner, expected)
    return tf.cast(result, tf.int64)
