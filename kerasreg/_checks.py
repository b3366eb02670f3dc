"""The argument validators. They own every error sentence of kerasreg.

Each takes the argument's name, its value and its owner (the object whose argument it is, or a
name), and returns the value in its plain Python type or raises `TypeError` (wrong kind) or
`ValueError` (wrong value) in Keras' form:

    Invalid value received for argument `rate`. Expected a float value between 0 and 1.
    Received: rate=1.5 (Dropout).
"""

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, TypeVar

import keras
import numpy as np

T = TypeVar("T")
Owner = object


def refuse(
    name: str,
    value: object,
    owner: Owner,
    expected: str,
    *,
    fix: str = "",
    error: type[Exception] = ValueError,
) -> NoReturn:
    """Raises the error sentence for one argument.

    Args:
        name: The argument's name.
        value: What was received.
        owner: The object whose argument it is, a class, or a function's name.
        expected: The rule, to follow "Expected".
        fix: What to do about it, as a sentence, if there is something to say.
        error: `ValueError` or `TypeError`.
    """
    sentence = f"Invalid value received for argument `{name}`. Expected {expected}."
    if fix:
        sentence += f" {fix}"
    raise error(f"{sentence} Received: {name}={value!r} ({_title(owner)}).")


def _title(owner: Owner) -> str:
    if isinstance(owner, str):
        return owner
    return owner.__name__ if isinstance(owner, type) else type(owner).__name__


def number(
    name: str,
    value: Any,
    owner: Owner,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    expected: str = "",
    fix: str = "",
) -> float:
    """Returns a finite real number within `[low, high]` as a Python float.

    NumPy scalars count as numbers, booleans do not.
    """
    expected = expected or _interval(low, high)
    if not isinstance(value, int | float | np.integer | np.floating) or isinstance(value, bool):
        refuse(name, value, owner, expected, fix=fix, error=TypeError)
    try:
        result = float(value)
    except OverflowError:  # an integer that no float can hold
        result = math.inf
    if not (math.isfinite(result) and low <= result <= high):
        refuse(name, value, owner, expected, fix=fix)
    return result


def _interval(low: float, high: float) -> str:
    if low == 0 and high == math.inf:
        return "a finite, non-negative float"
    if math.isinf(low) and math.isinf(high):
        return "a finite float"
    if math.isinf(high):
        return f"a finite float of at least {low:g}"
    if math.isinf(low):
        return f"a finite float of at most {high:g}"
    return f"a float value between {low:g} and {high:g}"


def fraction(name: str, value: Any, owner: Owner, *, below_one: bool = False) -> float:
    """Returns a number between 0 and 1; with `below_one`, 1 itself is refused."""
    fix = f"1 itself is refused: the formula divides by 1 - {name}." if below_one else ""
    result = number(name, value, owner, low=0, high=1, fix=fix)
    if below_one and result == 1:
        refuse(name, value, owner, _interval(0, 1), fix=fix)
    return result


def fraction_below_one(name: str, value: Any, owner: Owner) -> float:
    """Returns a number of at least 0 and below 1."""
    return fraction(name, value, owner, below_one=True)


def positive(name: str, value: Any, owner: Owner) -> float:
    """Returns a finite number above 0."""
    result = number(name, value, owner, low=0, expected="a finite float above 0")
    if result == 0:
        refuse(name, value, owner, "a finite float above 0")
    return result


def whole(
    name: str, value: Any, owner: Owner, *, low: int | None = 0, high: int | None = None
) -> int:
    """Returns an integer within `[low, high]` as a Python int. 2.0 is not an integer here."""
    expected = "an integer"
    if low is not None and high is not None:
        expected += f" between {low} and {high}"
    elif low is not None:
        expected += f" of at least {low}"
    elif high is not None:
        expected += f" of at most {high}"
    if isinstance(value, bool | np.bool_):
        refuse(name, value, owner, expected, error=TypeError)
    try:
        result = operator.index(value)
    except TypeError:
        refuse(name, value, owner, expected, error=TypeError)
    if (low is not None and result < low) or (high is not None and result > high):
        refuse(name, value, owner, expected)
    return result


def boolean(name: str, value: Any, owner: Owner) -> bool:
    """Returns a Python bool; 0, 1 and None are refused."""
    if not isinstance(value, bool | np.bool_):
        refuse(name, value, owner, "True or False", error=TypeError)
    return bool(value)


def choice(name: str, value: T, owner: Owner, options: Iterable[T], other: str = "") -> T:
    """Returns a value that is one of `options`; `other` says what else the argument may be."""
    options = tuple(options)
    if not any(
        value is option or (type(value) is type(option) and value == option) for option in options
    ):
        expected = "one of " + ", ".join(repr(option) for option in options)
        refuse(name, value, owner, f"{expected}, or {other}" if other else expected)
    return value


def data_format(value: str | None, owner: Owner) -> str:
    """Returns "channels_first" or "channels_last"; None stands for Keras' global setting."""
    if value is None:
        return str(keras.config.image_data_format())
    return choice("data_format", value, owner, ("channels_last", "channels_first"))


def instance(
    name: str,
    value: T,
    owner: Owner,
    kinds: type | tuple[type, ...],
    expected: str,
    *,
    fix: str = "",
) -> T:
    """Returns a value that is an instance of `kinds`; `expected` says so in words."""
    if not isinstance(value, kinds):
        refuse(name, value, owner, expected, fix=fix, error=TypeError)
    return value


def many(
    name: str,
    value: Any,
    owner: Owner,
    length: int,
    check: Callable[[str, Any, Owner], T],
    *,
    broadcast: bool = True,
) -> tuple[T, ...]:
    """Returns `length` checked values; with `broadcast`, a single value stands for all of them."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) != length:
            refuse(name, value, owner, f"{length} values")
        return tuple(check(name, item, owner) for item in value)
    if not broadcast:
        refuse(name, value, owner, f"a tuple of {length} values", error=TypeError)
    return (check(name, value, owner),) * length


def one_or_many(
    name: str, value: Any, owner: Owner, length: int, check: Callable[[str, Any, Owner], T]
) -> T | tuple[T, ...]:
    """Returns one checked value, or a tuple of `length` where several were given.

    That is the argument as passed; `many` makes one value for each of it.
    """
    values = many(name, value, owner, length, check)
    is_one = not isinstance(value, Sequence) or isinstance(value, str)
    return values[0] if is_one else values


def rank(name: str, shape: Sequence[int | None], owner: Owner, ranks: int | Sequence[int]) -> int:
    """Returns the rank of a shape, which must be one of `ranks`."""
    allowed = (ranks,) if isinstance(ranks, int) else tuple(ranks)
    if len(shape) not in allowed:
        refuse(name, tuple(shape), owner, "a shape of rank " + " or ".join(map(str, allowed)))
    return len(shape)


def impossible(owner: Owner, reason: str, *, fix: str = "") -> NoReturn:
    """Raises for a call that cannot be done right, whatever the arguments."""
    raise RuntimeError(" ".join(filter(None, [reason, fix])) + f" ({_title(owner)})")
