"""What is watched: one value in Keras' logs, or several; a wrong name is an error."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import keras

from kerasreg import _checks
from kerasreg._backend.metric_direction import metric_direction

_EXPECTED = "the name of a metric, a list of names, or a dict from names to weights"
_MODES = ("auto", "min", "max")


class Measured(NamedTuple):
    """What one validation gave.

    Args:
        value: The value to watch.
        ties: What decides between equal values, lower is better.
        metrics: Each watched metric, by its name.
    """

    value: float
    ties: tuple[float, ...]
    metrics: dict[str, float]


class Monitor:
    """The names to watch, and how they make one value.

    A dict gives the sum of the weighted values, those to be maximised with a minus sign; a list
    gives the first value, the others decide between equal ones.

    Args:
        monitor: The argument of that name: a name, a list of names or a dict to weights.
        mode: The argument of that name: "auto", "min", "max", or a dict from names to these.
        owner: The callback, for errors.
    """

    def __init__(self, monitor: Any, mode: Any, owner: object):
        self.owner = owner
        self.weights = _checked_weights(monitor, owner)
        self.names = list(self.weights)
        self.is_sum = isinstance(monitor, Mapping)
        self._monitor, self._mode = monitor, mode
        self._modes = _checked_modes(mode, self.names, owner)
        self._signs: dict[str, int] = {}
        self._seen: set[str] = set()

    @property
    def label(self) -> str:
        """The watched value in words."""
        if self.is_sum:
            return " + ".join(f"{weight:g} {name}" for name, weight in self.weights.items())
        return ", then ".join(self.names)

    @property
    def direction(self) -> str:
        """Whether the value is better when it is lower ("min") or higher ("max")."""
        return "min" if self.is_sum or self._signs[self.names[0]] == 1 else "max"

    def start_afresh(self) -> None:
        """Forgets what an earlier training had in its logs."""
        self._seen, self._signs = set(), {}

    def needs_validation(self) -> bool:
        """Returns whether a watched value comes from validation data."""
        return any(name.startswith("val_") for name in self.names)

    def is_whole(self, logs: Mapping[str, Any]) -> bool:
        """Returns whether all watched values come from validation data and are there."""
        return all(name.startswith("val_") and name in logs for name in self.names)

    def read(self, logs: Mapping[str, Any], validates: bool | None, model: Any) -> Measured | None:
        """Returns the watched value, None after an epoch without validation.

        Args:
            logs: The logs of an epoch.
            validates: Whether the running `fit` validates at all; None where unknown.
            model: The model that is trained.

        Raises:
            ValueError: If a name could be there and is not, or has more than one value.
        """
        metrics = {name: self._read(name, logs, validates) for name in self.names}
        found = {name: value for name, value in metrics.items() if value is not None}
        if len(found) < len(metrics):
            return None
        self._seen |= found.keys()
        if not self._signs:
            self._signs = {name: self._sign(name, model) for name in self.names}
        oriented = {name: self._signs[name] * value for name, value in found.items()}
        if self.is_sum:
            terms = [weight * oriented[name] for name, weight in self.weights.items()]
            return Measured(sum(terms), (), found)
        first, *others = self.names
        return Measured(found[first], tuple(oriented[name] for name in others), found)

    def _sign(self, name: str, model: Any) -> int:
        direction: str | None = self._modes[name]
        if direction == "auto":
            direction = metric_direction(model, name)
        if direction is None:
            expected = f"'min' or 'max', as nothing says which is better for {name!r}"
            _checks.refuse("mode", self._mode, self.owner, expected)
        return 1 if direction == "min" else -1

    def _read(self, name: str, logs: Mapping[str, Any], validates: bool | None) -> float | None:
        if logs.get(name) is not None:
            return self._scalar(name, logs[name])
        validated = any(key.startswith("val_") and key[4:] in logs for key in logs)
        waits = name.startswith("val_") and not validated
        if name not in self._seen and (validates is False or not waits):
            self._refuse(name, logs, waits)
        return None

    def _refuse(self, name: str, logs: Mapping[str, Any], waits: bool) -> NoReturn:
        fix = ""
        if waits:
            fix = (
                "This `fit` has no validation data (`validation_data`, `validation_split`), or no "
                "epoch in which `validation_freq` lets it validate."
            )
        elif near := difflib.get_close_matches(name, logs, n=1):
            fix = f"Did you mean {near[0]!r}?"
        _checks.refuse("monitor", name, self.owner, _available(logs), fix=fix)

    def _scalar(self, name: str, value: Any) -> float:
        array = keras.ops.convert_to_numpy(value)
        if array.size != 1:
            expected = f"a metric with one value, not {array.size}"
            _checks.refuse("monitor", name, self.owner, expected)
        return float(array.item())


def _available(logs: Mapping[str, Any]) -> str:
    if not logs:
        return "a name in the logs of `fit`, which are empty"
    return "one of " + ", ".join(repr(name) for name in logs)


def _checked_weights(monitor: Any, owner: object) -> dict[str, float]:
    if isinstance(monitor, Mapping):
        weights = {k: _checks.positive("monitor", v, owner) for k, v in monitor.items()}
    elif isinstance(monitor, Sequence) and not isinstance(monitor, str):
        weights = dict.fromkeys(map(_hashable, monitor), 1.0)
        if len(weights) < len(monitor):
            _checks.refuse("monitor", monitor, owner, "names that differ")
    else:
        weights = {_hashable(monitor): 1.0}
    if not all(isinstance(name, str) for name in weights):
        _checks.refuse("monitor", monitor, owner, _EXPECTED, error=TypeError)
    if not all(weights) or not weights:
        _checks.refuse("monitor", monitor, owner, _EXPECTED)
    return weights


def _hashable(name):
    return name if isinstance(name, str) else None


def _checked_modes(mode: Any, names: list[str], owner: object) -> dict[str, str]:
    if not isinstance(mode, Mapping):
        return dict.fromkeys(names, _checks.choice("mode", mode, owner, _MODES))
    for name, each in mode.items():
        if name not in names:
            expected = "a dict with the names in `monitor`: " + ", ".join(map(repr, names))
            _checks.refuse("mode", mode, owner, expected)
        _checks.choice("mode", each, owner, _MODES)
    return {name: mode.get(name, "auto") for name in names}
