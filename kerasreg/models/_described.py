"""Penalties and constraints in words: the class and its numbers, as in "L2(l2=0.01)"."""

from typing import Any

import keras

from kerasreg._register import own_arguments
from kerasreg.regularizers.folded import Folded
from kerasreg.regularizers.sum import Sum
from kerasreg.schedules.schedule import Schedule


def described(value: Any) -> str:
    """Returns a regularizer or constraint in words; a sum as its parts."""
    return " + ".join(map(_part_described, parts_of(value)))


def _part_described(part: Any) -> str:
    if isinstance(part, Folded):
        return f"Folded({_part_described(part.penalty)})"
    return f"{name_of(part)}({in_words(numbers_of(part, int))})"


def parts_of(regularizer: Any) -> list[Any]:
    """Returns the penalties that a sum is made of, folded or not; what is no sum as it is."""
    if isinstance(regularizer, Folded):
        return [Folded(part) for part in parts_of(regularizer.penalty)]
    if isinstance(regularizer, Sum):
        return [each for penalty in regularizer.penalties for each in parts_of(penalty)]
    return [regularizer]


def name_of(value: Any) -> str:
    """Returns the name of a regularizer's or constraint's class, or of a function."""
    if isinstance(value, Folded):
        return f"Folded({name_of(value.penalty)})"
    if isinstance(value, keras.regularizers.Regularizer):
        return type(value).__name__
    if hasattr(value, "__self__"):  # a layer's own
        return type(value.__self__).__name__
    return getattr(value, "__name__", type(value).__name__)


def numbers_of(value: Any, *others: type) -> dict[str, Any]:
    """Returns the arguments of a regularizer or constraint that are floats, or schedules.

    Args:
        value: The regularizer or constraint.
        *others: Other types to return arguments of.
    """
    if isinstance(value, Folded):
        return numbers_of(value.penalty, *others)
    if hasattr(value, "__self__"):
        layer = value.__self__
        names = [n for n in own_arguments(type(layer)) if n.endswith(("_regularizer", "strength"))]
        found = {name: getattr(layer, name) for name in names}
    else:
        try:
            config = value.get_config()
        except (AttributeError, NotImplementedError):  # a function, or one that cannot be saved
            return {}
        attributes = {name: getattr(value, name, None) for name in config}
        found = config | {k: each for k, each in attributes.items() if isinstance(each, Schedule)}
    kinds = (float, Schedule, *others)
    return {name: each for name, each in found.items() if isinstance(each, kinds)}


def in_words(numbers: dict[str, Any]) -> str:
    """Returns arguments as they are written in a call, four digits each."""
    return ", ".join(f"{name}={_short(each)}" for name, each in numbers.items())


def _short(strength: Any) -> str:
    return f"{strength:.4g}" if isinstance(strength, float) else str(strength)
