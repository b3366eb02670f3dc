"""Reading the monitored value from Keras' logs; a wrong name is an error."""

import difflib
from collections.abc import Mapping
from typing import Any, NoReturn

import keras

from kerasreg import _checks


def monitored_value(
    name: str,
    logs: Mapping[str, Any],
    owner: object,
    *,
    seen: bool,
    validates: bool | None,
) -> float | None:
    """Returns the value of a name in an epoch's logs, None in an epoch without validation.

    Args:
        name: The monitored name.
        logs: The logs of an epoch.
        owner: The callback, for the error.
        seen: Whether an earlier epoch had the name, so that it cannot be wrong.
        validates: Whether the running `fit` validates at all; None where unknown.

    Raises:
        ValueError: If the name could be there and is not, or has more than one value.
    """
    if logs.get(name) is not None:
        return _scalar(name, logs[name], owner)
    validated = any(key.startswith("val_") and key[4:] in logs for key in logs)
    waits = name.startswith("val_") and not validated
    if not seen and (validates is False or not waits):
        _refuse(name, logs, owner, waits)
    return None


def _refuse(name: str, logs: Mapping[str, Any], owner: object, waits: bool) -> NoReturn:
    fix = ""
    if waits:
        fix = (
            "This `fit` has no validation data (`validation_data`, `validation_split`), or no "
            "epoch in which `validation_freq` lets it validate."
        )
    elif near := difflib.get_close_matches(name, logs, n=1):
        fix = f"Did you mean {near[0]!r}?"
    _checks.refuse("monitor", name, owner, _available(logs), fix=fix)


def _available(logs: Mapping[str, Any]) -> str:
    if not logs:
        return "a name in the logs of `fit`, which are empty"
    return "one of " + ", ".join(repr(name) for name in logs)


def _scalar(name: str, value: Any, owner: object) -> float:
    array = keras.ops.convert_to_numpy(value)
    if array.size != 1:
        _checks.refuse("monitor", name, owner, f"a metric with one value, not {array.size}")
    return float(array.item())
