"""Which weights are stored during a training, and what comes back in the end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import keras

from kerasreg.callbacks.stopping._snapshot import (
    DeviceSnapshot,
    MeanSnapshot,
    RawSnapshot,
    Snapshot,
    put_back,
)
from kerasreg.callbacks.stopping.curve import Curve
from kerasreg.callbacks.stopping.top_k import TopK


class Mark(NamedTuple):
    """A validation: when it was, and what it gave."""

    epoch: int
    step: int
    value: float
    ties: tuple[float, ...] = ()

    def is_ahead_of(self, other: "Mark | None", direction: str) -> bool:
        """Returns whether its value is finite, and better than another, if there is another."""
        curve = Curve(direction)
        for mark in (self, *([other] if other else [])):
            curve.add(mark.epoch, mark.value, ties=mark.ties)
        return curve.improves_at(0, 1 if other else None)


@dataclass
class Entry:
    """A stored copy; `mark` is None for the weights at the beginning."""

    mark: Mark | None
    snapshot: Snapshot


@dataclass
class KeptWeights:
    """The stored copies, the best first.

    Args:
        rule: "best", "k-p" (the last improvement that counts) or a `TopK`.
        with_optimizer: Whether the variables of the optimizer are stored as well.
        new_snapshot: Makes an empty snapshot.
        entries: The copies.
    """

    rule: Any = "best"
    with_optimizer: bool = False
    new_snapshot: Callable[[], Snapshot] = DeviceSnapshot
    entries: list[Entry] = field(default_factory=list)

    def offer(self, model: Any, mark: Mark, direction: str, counts: bool) -> None:
        """Stores the weights that a model has now, if the rule says so.

        Args:
            model: The model.
            mark: The validation of these weights.
            direction: "min" or "max".
            counts: Whether the criterion takes the value for an improvement.
        """
        taken = self._place(mark, direction, counts)
        if taken is None:
            return
        taken.snapshot.take(model, self.with_optimizer)
        taken.mark = mark
        sign = 1 if direction == "min" else -1
        self.entries = [entry for entry in self.entries if entry is not taken] + [taken]
        self.entries.sort(key=lambda entry: (sign * entry.mark.value, entry.mark.ties))  # type: ignore[union-attr]

    def _place(self, mark: Mark, direction: str, counts: bool) -> Entry | None:
        """Returns the entry to write over, or a new one; None if the weights are not stored."""
        if self.rule == "k-p":
            taken = counts
        else:
            again = [e for e in self.entries if e.mark and e.mark[:2] == mark[:2]]
            if again:  # a resumed training comes by a second time
                return again[0] if mark.is_ahead_of(again[0].mark, direction) else None
            is_full = len(self.entries) == self._room
            last = self.entries[-1].mark if is_full else None
            taken = mark.is_ahead_of(last, direction)
        if not taken:
            return None
        if self.entries and (len(self.entries) == self._room or self.entries[-1].mark is None):
            return self.entries[-1]
        return Entry(mark, self.new_snapshot())

    @property
    def _room(self) -> int:
        return self.rule.k if isinstance(self.rule, TopK) else 1

    def store_beginning(self, model: Any) -> None:
        """Stores the weights before there is a validation; the first one writes over them."""
        snapshot = self.new_snapshot()
        snapshot.take(model, self.with_optimizer)
        self.entries = [Entry(None, snapshot)]

    def marked(self) -> list[Entry]:
        """Returns the copies that belong to a validation."""
        return [entry for entry in self.entries if entry.mark is not None]

    def best_values(self, model: Any) -> Any:
        """Returns the best stored weights as `get_weights` of the model would; None without any."""
        entries = self.marked()
        if not entries:
            return None
        snapshot = entries[0].snapshot
        if isinstance(snapshot, RawSnapshot):
            return snapshot.values
        return [snapshot.array(index) for index in range(len(model.weights))]

    def restore(self, model: Any, owner: object, *, optimizer: bool) -> bool:
        """Puts into a model what is to come back; returns whether there is anything.

        Args:
            model: The model.
            owner: The callback, for errors.
            optimizer: Whether the optimizer gets its state of that time, if it is stored.
        """
        entries = self.marked()
        if not entries:
            return False
        snapshot: Snapshot = entries[0].snapshot
        if len(entries) > 1:
            snapshot = MeanSnapshot([entry.snapshot for entry in entries])
        self._put(snapshot, model, owner, optimizer)
        return True

    def roll_back(self, model: Any, owner: object) -> bool:
        """Puts the best copy back, with the optimizer's state; returns whether there is one."""
        if self.entries:
            self._put(self.entries[0].snapshot, model, owner, True)
        return bool(self.entries)

    def _put(self, snapshot: Snapshot, model: Any, owner: object, optimizer: bool) -> None:
        if isinstance(snapshot, RawSnapshot) and not isinstance(model, keras.Model):
            model.set_weights(snapshot.values)
        else:
            put_back(snapshot, model, owner, optimizer and self.with_optimizer)
