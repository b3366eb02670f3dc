"""The curve of a monitored value, which the stopping rules read."""

import math
from dataclasses import dataclass, field
from typing import Self


@dataclass
class Curve:
    """The monitored value after each validation, in order.

    Args:
        direction: "min" when lower is better, "max" when higher is.
        epochs: The epoch of each value, counted from 0 as in Keras.
        values: The values; they may be non-finite.
    """

    direction: str
    epochs: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, epoch: int, value: float) -> None:
        """Appends the value of an epoch."""
        self.epochs.append(epoch)
        self.values.append(value)

    def since(self, epoch: int) -> Self:
        """Returns the part of the curve from an epoch on."""
        first = next((i for i, e in enumerate(self.epochs) if e >= epoch), len(self.epochs))
        return type(self)(self.direction, self.epochs[first:], self.values[first:])

    def improves(self, value: float, reference: float | None, by: float = 0.0) -> bool:
        """Returns whether a value is better than a reference by more than `by`.

        A non-finite value improves on nothing; a finite one improves on None.
        """
        if not math.isfinite(value):
            return False
        if reference is None:
            return True
        return value + by < reference if self.direction == "min" else value - by > reference
