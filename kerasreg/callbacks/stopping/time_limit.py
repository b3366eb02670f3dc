"""Stopping when the time is up."""

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.callbacks.stopping.criterion import Criterion
from kerasreg.callbacks.stopping.stopping_report import StopReason


@register
class TimeLimit(Criterion):
    """Time limit.

    Stops after the first batch, or the first validation, that ends `seconds` or more after the
    training began. With a resumed training the time counts that was trained before, up to the last
    saved validation. The epoch in which the time ends is validated as Keras validates every epoch.

    No paper defines it; the one below treats the length of training as the hyperparameter that it
    is.

    Args:
        seconds: Training time, validations included, a finite float above 0.

    Raises:
        TypeError: If `seconds` is not a number.
        ValueError: If `seconds` is not above 0.

    Example:
        >>> import kerasreg
        >>> patience, limit = kerasreg.callbacks.Patience(5), kerasreg.callbacks.TimeLimit(3600)
        >>> criterion = kerasreg.callbacks.Any([patience, limit])
        >>> stopper = kerasreg.callbacks.EarlyStopping("val_loss", criterion=criterion)

    Reference:
        Bengio 2012, Practical Recommendations for Gradient-Based Training of Deep Architectures,
        arXiv:1206.5533.
    """

    def __init__(self, seconds):
        self.seconds = _checks.positive("seconds", seconds, self)

    def decide(self, history):
        """Returns whether to stop now, and the reason if so."""
        stop = history.seconds >= self.seconds
        return stop, StopReason.TIME_LIMIT if stop else None

    @property
    def deadline_seconds(self):
        """The training time from which on to ask after each batch as well."""
        return self.seconds

    def get_config(self):
        """Returns the constructor arguments."""
        return {"seconds": self.seconds}
