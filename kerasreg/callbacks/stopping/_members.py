"""Criteria that are made of others."""

from collections.abc import Iterable
from typing import Any

import keras

from kerasreg import _checks
from kerasreg.callbacks.stopping.criterion import Criterion


def checked_members(value: Any, owner: object) -> list[Criterion]:
    """Returns the argument `criteria` as a list of at least one criterion.

    Configurations of criteria, as `get_config` gives them, count as such.
    """
    expected = "a list of at least one criterion, such as `kerasreg.callbacks.Patience`"
    if not isinstance(value, Iterable) or isinstance(value, str | dict):
        _checks.refuse("criteria", value, owner, expected, error=TypeError)
    members = [
        keras.saving.deserialize_keras_object(each) if isinstance(each, dict) else each
        for each in value
    ]
    for member in members:
        if not callable(getattr(member, "decide", None)) or isinstance(member, type):
            _checks.refuse("criteria", member, owner, expected, error=TypeError)
    if not members:
        _checks.refuse("criteria", value, owner, expected)
    return members


def members_config(members: list[Criterion]) -> dict[str, Any]:
    """Returns the configuration of a criterion that is made of others."""
    return {"criteria": [keras.saving.serialize_keras_object(member) for member in members]}


def first_deadline(members: list[Criterion]) -> float | None:
    """Returns the earliest deadline of any, None if they have none."""
    deadlines = [getattr(member, "deadline_seconds", None) for member in members]
    return min((deadline for deadline in deadlines if deadline is not None), default=None)
