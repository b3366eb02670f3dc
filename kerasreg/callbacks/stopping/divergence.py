"""Stopping when the monitored value has become hopeless."""

import math

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.callbacks.stopping.criterion import Criterion
from kerasreg.callbacks.stopping.stopping_report import StopReason


@register
class Divergence(Criterion):
    """Stopping at divergence.

    Stops as soon as the monitored value is worse than a given one. For a value that is not
    finite see `EarlyStopping(on_nonfinite=...)`.

    No paper defines it; the one below says that training diverges above some learning rate.

    Args:
        value: The worst value to go on with, in the unit of the monitored value, a finite float.

    Raises:
        TypeError: If `value` is not a number.
        ValueError: If `value` is not finite.

    Example:
        >>> import kerasreg
        >>> patience, divergence = kerasreg.callbacks.Patience(5), kerasreg.callbacks.Divergence(10)
        >>> criterion = kerasreg.callbacks.Any([patience, divergence])
        >>> stopper = kerasreg.callbacks.EarlyStopping("val_loss", criterion=criterion)

    Reference:
        Bengio 2012, Practical Recommendations for Gradient-Based Training of Deep Architectures,
        arXiv:1206.5533.
    """

    def __init__(self, value):
        self.value = _checks.number("value", value, self)

    def decide(self, history):
        """Returns whether to stop after the last value, and the reason if so."""
        last = history.values[-1] if history.values else math.nan
        stop = math.isfinite(last) and history.improves(self.value, last)
        return stop, StopReason.DIVERGENCE if stop else None

    def get_config(self):
        """Returns the constructor arguments."""
        return {"value": self.value}
