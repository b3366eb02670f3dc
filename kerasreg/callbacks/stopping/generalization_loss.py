"""Stopping when the validation error has risen by so many percent."""

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.callbacks.stopping._generalization_loss import generalization_loss
from kerasreg.callbacks.stopping.criterion import Criterion
from kerasreg.callbacks.stopping.stopping_report import StopReason


@register
class GeneralizationLoss(Criterion):
    """Generalization loss (GL).

    Stops as soon as the validation error E is above its lowest value so far by more than `alpha`
    percent:

        GL(t) = 100 (E(t) / min_{t' <= t} E(t') - 1) > alpha

    For noisy curves it stops early; average more examples, or take a larger `alpha`. A
    non-finite value does not stop.

    No known difference from the paper.

    Args:
        alpha: Limit in percent, a finite float above 0. The paper tries 1 to 5.

    Raises:
        TypeError: If `alpha` is not a number.
        ValueError: If `alpha` is not above 0; during training, if the monitored value is to be
            maximised or is not above 0.

    Example:
        >>> import kerasreg
        >>> criterion = kerasreg.callbacks.GeneralizationLoss(5)
        >>> stopper = kerasreg.callbacks.EarlyStopping("val_loss", criterion=criterion)

    Reference:
        Prechelt 1998, Early Stopping - But When?, LNCS 1524, section 2.
    """

    def __init__(self, alpha):
        self.alpha = _checks.positive("alpha", alpha, self)

    def decide(self, history):
        """Returns whether to stop after the last value, and the reason if so."""
        stop = generalization_loss(history, self) > self.alpha
        return stop, StopReason.GENERALIZATION_LOSS if stop else None

    def get_config(self):
        """Returns the constructor arguments."""
        return {"alpha": self.alpha}
