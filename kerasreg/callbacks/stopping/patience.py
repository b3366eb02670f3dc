"""The patience rule: stop when the monitored value has not improved for so long."""

from dataclasses import dataclass

from kerasreg.callbacks.stopping.curve import Curve
from kerasreg.callbacks.stopping.stopping_report import StopReason


@dataclass(frozen=True)
class Patience:
    """Stops after `patience` validations in a row without improvement.

    An improvement is a finite value better by more than `min_delta` than the last improvement;
    with a `baseline`, it must be better than that as well to start the count again. The first
    value never stops, nor does one that improves without reaching the baseline.

    Args:
        patience: Number of validations.
        min_delta: Least change that counts, in the unit of the value.
        baseline: Value to reach, or None.
    """

    patience: int
    min_delta: float = 0.0
    baseline: float | None = None

    def decide(self, history: Curve) -> tuple[bool, StopReason | None]:
        """Returns whether to stop after the last value of a curve, and the reason if so."""
        waited, improved = self._follow(history)
        stop = waited >= self.patience and not improved and len(history.values) > 1
        return stop, StopReason.PATIENCE if stop else None

    def waited(self, history: Curve) -> int:
        """Returns the number of validations since the last improvement."""
        return self._follow(history)[0]

    def _follow(self, history: Curve) -> tuple[int, bool]:
        waited, improved = 0, False
        reference = None
        for value in history.values:
            waited += 1
            improved = history.improves(value, reference, self.min_delta)
            if improved:
                reference = value
                if self.baseline is None or history.improves(value, self.baseline, self.min_delta):
                    waited = 0
        return waited, improved
