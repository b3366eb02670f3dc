"""A strength that is one number for all images, or a range from which each image draws its own."""

from collections.abc import Sequence
from typing import Any

from kerasreg import _checks


def span(name: str, value: Any, owner: object) -> float | tuple[float, float]:
    """Returns a number of at least 0, or a `(low, high)` pair of such numbers in order."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return _checks.number(name, value, owner, low=0)
    low, high = _checks.many(name, value, owner, 2, _non_negative)
    if low > high:
        _checks.refuse(name, value, owner, "(low, high) with low not above high")
    return low, high


def ends(value: float | tuple[float, float]) -> tuple[float, float]:
    """Returns the lowest and the highest value of a span."""
    return value if isinstance(value, tuple) else (value, value)


def _non_negative(name: str, value: Any, owner: object) -> float:
    return _checks.number(name, value, owner, low=0)
