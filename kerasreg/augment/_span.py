"""A strength that is one number for all images, or a range from which each image draws its own."""

from collections.abc import Callable, Sequence
from typing import Any

from kerasreg import _checks
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import strength


def ends(value: Any) -> tuple[Any, Any]:
    """Returns the lowest and the highest value of a span, or of what it comes to at an epoch."""
    if isinstance(value, Schedule):
        return value.bounds()
    return value if isinstance(value, tuple) else (value, value)


def non_negative(name: str, value: Any, owner: object) -> float:
    """Returns a finite number of at least 0."""
    return _checks.number(name, value, owner, low=0)


def span(
    name: str,
    value: Any,
    owner: object,
    check: Callable[[str, Any, object], float] = non_negative,
) -> float | tuple[float, float] | Schedule:
    """Returns a checked number, a `(low, high)` pair of them in order, or a schedule."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return strength(name, value, owner, check)
    low, high = _checks.many(name, value, owner, 2, check)
    if low > high:
        _checks.refuse(name, value, owner, "(low, high) with low not above high")
    return low, high
