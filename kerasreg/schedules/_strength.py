"""A strength argument: a number, or a schedule that gives one."""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from kerasreg.schedules.schedule import Schedule


def strength(
    name: str, value: Any, owner: object, check: Callable[[str, Any, object], float]
) -> float | Schedule:
    """Returns a checked number, or a schedule whose bounds have both been checked.

    Args:
        name: The argument's name.
        value: A number, a schedule, or a schedule's saved form.
        owner: The object whose argument it is.
        check: A validator of `kerasreg._checks`.
    """
    if isinstance(value, dict) and "class_name" in value:
        value = keras.saving.deserialize_keras_object(value)
    if isinstance(value, Schedule):
        for bound in value.bounds():
            check(name, bound, owner)
            # A step computes in float32, where a number just below 1 is 1.
            with np.errstate(over="ignore"):
                check(name, float(np.float32(bound)), owner)
        return value
    return check(name, value, owner)


def strength_at(value: float | Schedule, step: Any) -> Any:
    """Returns the value of a strength at a step: a Python float, or a float32 scalar tensor."""
    return value(step) if isinstance(value, Schedule) else value


def schedules_in(penalty: Any) -> Iterator[tuple[str, Schedule]]:
    """Yields the strengths of a regularizer that are schedules, with their names.

    Args:
        penalty: A regularizer; those inside of a sum, or folded, count.
    """
    for part in getattr(penalty, "penalties", ()):
        yield from schedules_in(part)
    if hasattr(penalty, "penalty"):
        yield from schedules_in(penalty.penalty)
    for name, value in getattr(penalty, "__dict__", {}).items():
        if isinstance(value, Schedule):
            yield name, value


def saved_strength(value: Any) -> Any:
    """Returns what `get_config` holds for a strength."""
    return keras.saving.serialize_keras_object(value) if isinstance(value, Schedule) else value
