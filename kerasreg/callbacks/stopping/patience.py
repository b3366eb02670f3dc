"""The patience rule: stop when the monitored value has not improved for so long."""

from typing import NamedTuple

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.callbacks.stopping.criterion import Criterion
from kerasreg.callbacks.stopping.curve import Curve
from kerasreg.callbacks.stopping.stopping_report import StopReason


class _Count(NamedTuple):
    waited: int  # validations since the last improvement
    improved: bool  # whether the last value was one
    last: int | None  # where the last improvement stands


@register
class Patience(Criterion):
    """Patience.

    Stops after `patience` validations in a row without improvement. An improvement is a finite
    value better by more than `min_delta` than the last improvement; with a `baseline`, it must be
    better than that as well to start the count again. The first value never stops, nor does one
    that improves without reaching the baseline.

    Differs from the book's algorithm 7.1 in `min_delta` and `baseline`. With these arguments alone
    it decides as `keras.callbacks.EarlyStopping` does, on finite values.

    Args:
        patience: Number of validations, at least 0; 0 is like 1.
        min_delta: Least change that counts, in the unit of the value, at least 0. Defaults to 0.
        relative: Whether `min_delta` is a fraction of the value to improve on. Defaults to False.
        cumulative: Whether small gains add up: True counts from the last improvement, False from
            the best value, so that each gain has to be as large. Defaults to True.
        baseline: Value to reach, or None. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument has a wrong value.

    Example:
        >>> import kerasreg
        >>> criterion = kerasreg.callbacks.Patience(5, min_delta=0.01, relative=True)
        >>> stopper = kerasreg.callbacks.EarlyStopping("val_loss", criterion=criterion)

    Reference:
        Goodfellow, Bengio, Courville 2016, Deep Learning, algorithm 7.1, MIT Press.
    """

    def __init__(self, patience, min_delta=0, *, relative=False, cumulative=True, baseline=None):
        self.patience = _checks.whole("patience", patience, self)
        self.min_delta = _checks.number("min_delta", min_delta, self, low=0)
        self.relative = _checks.boolean("relative", relative, self)
        self.cumulative = _checks.boolean("cumulative", cumulative, self)
        if baseline is not None:
            baseline = _checks.number("baseline", baseline, self)
        self.baseline = baseline

    def decide(self, history):
        """Returns whether to stop after the last value, and the reason if so."""
        count = self._count(history)
        stop = count.waited >= self.patience and not count.improved and len(history.values) > 1
        return stop, StopReason.PATIENCE if stop else None

    def waited(self, history: Curve) -> int:
        """Returns the number of validations since the last improvement."""
        return self._count(history).waited

    def last_improvement(self, history: Curve) -> int | None:
        """Returns where the last improvement stands, None if there was none."""
        return self._count(history).last

    def _count(self, history):
        waited, improved, last, reference = 0, False, None, None
        for index, value in enumerate(history.values):
            waited += 1
            by = self.min_delta
            if self.relative and reference is not None:
                by *= abs(history.values[reference])
            improved = history.improves_at(index, reference, by)
            if improved:
                last = index
                if self.baseline is None or history.improves(value, self.baseline, by):
                    waited = 0
            if improved or (not self.cumulative and history.improves_at(index, reference)):
                reference = index
        return _Count(waited, improved, last)

    def get_config(self):
        """Returns the constructor arguments."""
        return {
            "patience": self.patience,
            "min_delta": self.min_delta,
            "relative": self.relative,
            "cumulative": self.cumulative,
            "baseline": self.baseline,
        }
