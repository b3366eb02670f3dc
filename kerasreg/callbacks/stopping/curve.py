"""The curve of a monitored value, which the stopping criteria read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self


@dataclass
class Curve:
    """The monitored value after each validation, in order; what a criterion knows as the history.

    Args:
        direction: "min" when lower is better, "max" when higher is.
        epochs: The epoch of each value, counted from 0 as in Keras.
        values: The values; they may be non-finite.
        steps: How many batches had been trained at each value.
        training_losses: The training loss at each value, NaN where nobody knows it: its mean over
            the epoch, or over the batches since the last value in the same epoch.
        ties: What decides between equal values: further values in the order of their rank, lower
            is better.
        seconds: Training time so far.
    """

    direction: str
    epochs: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    training_losses: list[float] = field(default_factory=list)
    ties: list[tuple[float, ...]] = field(default_factory=list)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """Fills up the columns that were left out."""
        count = len(self.values)
        self.steps = self.steps or [0] * count
        self.training_losses = self.training_losses or [math.nan] * count
        self.ties = self.ties or [()] * count

    def add(
        self,
        epoch: int,
        value: float,
        *,
        step: int = 0,
        training_loss: float = math.nan,
        ties: Sequence[float] = (),
    ) -> None:
        """Appends a value."""
        self.epochs.append(epoch)
        self.values.append(value)
        self.steps.append(step)
        self.training_losses.append(training_loss)
        self.ties.append(tuple(ties))

    def since(self, epoch: int) -> Self:
        """Returns the part of the curve from an epoch on."""
        first = next((i for i, e in enumerate(self.epochs) if e >= epoch), len(self.epochs))
        return self._part(slice(first, None))

    def first(self, count: int) -> Self:
        """Returns the part of the curve that is the first so many values."""
        return self._part(slice(None, count))

    def _part(self, part: slice) -> Self:
        columns: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        parts: dict[str, Any] = {k: v[part] for k, v in columns.items() if isinstance(v, list)}
        return replace(self, **parts)

    def is_finite(self, index: int) -> bool:
        """Returns whether a value, and what would decide a tie, are finite."""
        return all(map(math.isfinite, (self.values[index], *self.ties[index])))

    def improves(self, value: float, reference: float | None, by: float = 0.0) -> bool:
        """Returns whether a value is better than a reference by more than `by`.

        A non-finite value improves on nothing; a finite one improves on None.
        """
        if not math.isfinite(value):
            return False
        if reference is None:
            return True
        return value + by < reference if self.direction == "min" else value - by > reference

    def improves_at(self, index: int, reference: int | None, by: float = 0.0) -> bool:
        """Returns whether the value at an index is better than that at another, or ahead in a tie.

        Args:
            index: Where the value stands.
            reference: Where the other stands; None if there is none.
            by: How much better it has to be. Between equal values the ties decide, by any amount.
        """
        if not self.is_finite(index):
            return False
        if reference is None:
            return True
        value, other = self.values[index], self.values[reference]
        if value == other:
            return self.ties[index] < self.ties[reference]
        return self.improves(value, other, by)

    def best(self) -> int | None:
        """Returns where the best value stands, of equals the first; None if none is finite."""
        found = None
        for index in range(len(self.values)):
            if self.improves_at(index, found):
                found = index
        return found

    @classmethod
    def from_dict(cls, columns: dict[str, Any]) -> Self:
        """Returns the curve of which `dataclasses.asdict` gave these columns, through JSON."""
        return cls(**{**columns, "ties": [tuple(ties) for ties in columns["ties"]]})
