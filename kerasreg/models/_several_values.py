"""What counts where several penalties meet on one weight: those of rules, and one that is there."""

from collections import Counter
from dataclasses import replace
from typing import Any

import keras

from kerasreg import _checks
from kerasreg.models._change import ActivityChange, Change, WeightChange
from kerasreg.models._described import described
from kerasreg.regularizers import Folded, Sum

_CHOICES = ("refuse", "add", "replace")


def with_existing(changes: list[Change], existing: Any, owner: object) -> list[Change]:
    """Returns changes that also say in words what they replace or are added to.

    Args:
        changes: The changes of all rules, on the original model.
        existing: "refuse", "add" or "replace": what to do about what is there.
        owner: Who asks, for the error.

    Raises:
        ValueError: If something is there and must not be, or cannot be added to; or if two
            constraints are for one weight.
    """
    _checks.choice("existing", existing, owner, _CHOICES)
    _check_constraints(changes, owner)
    present = [change for change in changes if _present(change) is not None]
    if present and existing == "refuse":
        first = present[0]
        more = f" and {len(present) - 1} more" if len(present) > 1 else ""
        has = f"as {described(_present(first))} at {first.path!r}{more}"
        expected = f"'add' or 'replace' for a model that has such penalties or constraints, {has}"
        _checks.refuse("existing", existing, owner, expected)
    if existing == "add":
        for change in present:
            _check_addition(change, owner)
    words = "added to" if existing == "add" else "in place of"
    return [
        change
        if _present(change) is None
        else replace(change, what=f"{change.what} {words} {described(_present(change))}")
        for change in changes
    ]


def final_values(
    changes: list[Change], existing: str, *, fold: bool
) -> list[tuple[WeightChange | ActivityChange, Any]]:
    """Returns, for each weight or output that is changed, its first change and its final value.

    Args:
        changes: The changes of all rules.
        existing: As in `with_existing`, which has checked it.
        fold: Whether to fold the penalties on weights.
    """
    meeting: dict[tuple[int, str], list[WeightChange | ActivityChange]] = {}
    for change in changes:
        if isinstance(change, WeightChange | ActivityChange):
            meeting.setdefault(target_of(change), []).append(change)
    # One object for all weights with the same penalties: a layer may hand it on to several.
    made: dict[tuple[int, ...], Any] = {}
    finals = []
    for found in meeting.values():
        values = [change.value for change in found]
        if existing == "add" and _present(found[0]) is not None:
            values.insert(0, _present(found[0]))
        folded = fold and target_of(found[0])[1] == "regularizer"
        key = (folded, *map(id, values))
        if key not in made:
            made[key] = _as_one(values, folded)
        finals.append((found[0], made[key]))
    return finals


def _as_one(values: list[Any], folded: bool) -> Any:
    if folded:
        values = [value.penalty if isinstance(value, Folded) else value for value in values]
    one = values[0] if len(values) == 1 else Sum(*values)
    return Folded(one) if folded else one


def target_of(change: Change) -> tuple[int, str]:
    """Returns what stands for the weight and kind, or the outputs, that a change is for."""
    if isinstance(change, WeightChange):
        return id(change.weight), change.kind
    return id(change.layer), ""


def _present(change: Change) -> Any:
    if isinstance(change, WeightChange):
        return getattr(change.weight, change.kind)
    if isinstance(change, ActivityChange):
        return getattr(change.layer, "activity_regularizer", None)
    return None


def _check_constraints(changes: list[Change], owner: object) -> None:
    constraints = [
        change
        for change in changes
        if isinstance(change, WeightChange) and change.kind == "constraint"
    ]
    times = Counter(map(target_of, constraints))
    for change in constraints:
        if times[target_of(change)] > 1:
            expected = f"one constraint for each weight: {change.path!r} has several"
            _checks.refuse("rules", change.what, owner, expected)


def _check_addition(change: Change, owner: object) -> None:
    if isinstance(change, WeightChange) and change.kind == "constraint":
        expected = f"'replace' for {change.path!r}: constraints do not add up"
        _checks.refuse("existing", "add", owner, expected)
    if not isinstance(_present(change), keras.regularizers.Regularizer):
        expected = f"'replace' for {change.path!r}, whose penalty is a function"
        _checks.refuse("existing", "add", owner, expected)
