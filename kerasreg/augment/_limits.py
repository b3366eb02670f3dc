"""Limits of an operation's strengths by class."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import tensorflow as tf

from kerasreg import _checks

if TYPE_CHECKING:
    from kerasreg.augment.operation import Operation

Limits = dict[int | str, float | dict[str, float]]


class Labels(NamedTuple):
    """The classes of a batch, by number or by name, or both; what is not known is None."""

    numbers: tf.Tensor | None
    names: tf.Tensor | None


def checked(limits: Any, operation: "Operation") -> Limits | None:
    """Returns limits as a dict, from one or from its saved pairs; None stays None."""
    if limits is None:
        return None
    expected = "a dict of a number for each label, such as {6: 30, 9: 30}"
    if not isinstance(limits, Mapping):
        _checks.instance("limits", limits, operation, (list, tuple), expected)
        limits = dict(limits)
    if not limits:
        _checks.refuse("limits", limits, operation, f"{expected}, or None")
    return {_label(label, operation): _one(value, operation) for label, value in limits.items()}


def saved(limits: Limits | None) -> list | None:
    """Returns what `get_config` holds, in which labels of integers stay integers."""
    return None if limits is None else [[label, value] for label, value in limits.items()]


def of(operation: "Operation", argument: str, labels: Labels | None) -> tf.Tensor | None:
    """Returns the limit of an argument for each example, infinite where there is none."""
    found = [
        (label, limit)
        for label, value in (operation.limits or {}).items()
        for name, limit in _by_argument(value, operation).items()
        if name == argument
    ]
    if not found:
        return None
    result: Any = float("-inf" if argument in operation.weaker_above else "inf")
    for label, limit in found:
        result = tf.where(_is(label, labels, operation), tf.constant(limit, tf.float32), result)
    return result


def check_classes(
    operations: Sequence["Operation"], names: Sequence[str] | None, count: int | None
) -> None:
    """Refuses limits for a class that does not exist, as far as the classes are known."""
    for operation in operations:
        check_classes(getattr(operation, "operations", ()), names, count)
        for label in operation.limits or ():
            if isinstance(label, str) and names is not None and label not in names:
                _checks.refuse("limits", label, operation, f"labels among {list(names)}")
            if isinstance(label, int) and count is not None and label >= count:
                _checks.refuse("limits", label, operation, f"labels from 0 to {count - 1}")


def any_in(operations: Sequence["Operation"]) -> bool:
    """Returns whether any of the operations, or of those inside them, has limits."""
    return any(
        operation.limits is not None or any_in(getattr(operation, "operations", ()))
        for operation in operations
    )


def _label(label: Any, operation: "Operation") -> int | str:
    if isinstance(label, str):
        return label
    try:
        return _checks.whole("limits", label, operation, low=0)
    except (TypeError, ValueError) as error:
        expected = "labels that are integers of at least 0 or strings"
        _checks.refuse("limits", label, operation, expected, error=type(error))


def _one(value: Any, operation: "Operation") -> float | dict[str, float]:
    if not isinstance(value, Mapping):
        return _number(value, operation, operation.strengths)
    names = (*operation.strengths, "probability")
    for name in value:
        if name not in names:
            expected = "limits of " + ", ".join(f"`{each}`" for each in names)
            _checks.refuse("limits", name, operation, expected)
    return {name: _number(each, operation, (name,)) for name, each in value.items()}


def _number(value: Any, operation: "Operation", names: Sequence[str]) -> float:
    may_be_negative = names and all(name in operation.weaker_above for name in names)
    return _checks.number("limits", value, operation, low=-math.inf if may_be_negative else 0)


def _by_argument(value: float | dict[str, float], operation: "Operation") -> dict[str, float]:
    if isinstance(value, dict):
        return value
    return dict.fromkeys(operation.strengths or ("probability",), value)


def _is(label: int | str, labels: Labels | None, operation: "Operation") -> tf.Tensor:
    """Returns which examples have a label."""
    if labels is None:
        expected = "elements with labels, (image, label) or a dict with a key for the label"
        _checks.refuse("limits", operation.limits, operation, expected)
    known = labels.names if isinstance(label, str) else labels.numbers
    if known is None:
        expected = "integers as labels" if isinstance(label, str) else "strings as labels"
        fix = "The labels of the data set are of this kind; or give the Augmenter `class_names`."
        _checks.refuse("limits", operation.limits, operation, expected, fix=fix)
    return known == label
