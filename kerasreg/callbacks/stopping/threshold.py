"""Stopping when the monitored value is good enough."""

import math

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.callbacks.stopping.criterion import Criterion
from kerasreg.callbacks.stopping.stopping_report import StopReason


@register
class Threshold(Criterion):
    """Stopping at a goal.

    Stops as soon as the monitored value is as good as a given one, or better. A non-finite value is
    not.

    No known difference from the book, which sets the target value of the metric first of all.

    Args:
        value: The goal, in the unit of the monitored value, a finite float.

    Raises:
        TypeError: If `value` is not a number.
        ValueError: If `value` is not finite.

    Example:
        >>> import kerasreg
        >>> criterion = kerasreg.callbacks.Threshold(0.99)
        >>> stopper = kerasreg.callbacks.EarlyStopping("val_accuracy", criterion=criterion)

    Reference:
        Goodfellow, Bengio, Courville 2016, Deep Learning, section 11.1, MIT Press.
    """

    def __init__(self, value):
        self.value = _checks.number("value", value, self)

    def decide(self, history):
        """Returns whether to stop after the last value, and the reason if so."""
        last = history.values[-1] if history.values else math.nan
        stop = last == self.value or history.improves(last, self.value)
        return stop, StopReason.THRESHOLD if stop else None

    def get_config(self):
        """Returns the constructor arguments."""
        return {"value": self.value}
