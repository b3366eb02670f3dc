"""Stopping when the loss of generalization outweighs the progress of training."""

import math

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.callbacks.stopping._generalization_loss import generalization_loss
from kerasreg.callbacks.stopping.criterion import Criterion
from kerasreg.callbacks.stopping.stopping_report import StopReason


@register
class ProgressQuotient(Criterion):
    """Quotient of generalization loss and progress (PQ).

    Stops at the end of a strip of k validations when the generalization loss GL (see
    `GeneralizationLoss`) is more than `alpha` times the progress of the training error E_tr within
    the strip, in per mille:

        P_k(t) = 1000 (sum_{t' = t-k+1 .. t} E_tr(t') / (k min_{t' = t-k+1 .. t} E_tr(t')) - 1)
        GL(t) / P_k(t) > alpha

    As long as the training error falls quickly, the validation error may yet recover. E_tr is the
    training loss that `fit` reports: its mean over the epoch; with `every_steps`, over the
    batches since the last validation in the same epoch. It contains penalties and dropout, where
    the paper's does not. Without any progress a rise stops.

    Otherwise no known difference from the paper.

    Args:
        alpha: Limit of the quotient, a finite float above 0. The paper tries 0.5 to 3.
        strip: Validations in a strip, at least 1. Defaults to 5, the paper's.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `alpha` is not above 0 or `strip` is less than 1; during training, if the
            monitored value is to be maximised or is not above 0, or if there is no training loss
            above 0.

    Example:
        >>> import kerasreg
        >>> criterion = kerasreg.callbacks.ProgressQuotient(0.75)
        >>> stopper = kerasreg.callbacks.EarlyStopping("val_loss", criterion=criterion)

    Reference:
        Prechelt 1998, Early Stopping - But When?, LNCS 1524, section 2.
    """

    def __init__(self, alpha, *, strip=5):
        self.alpha = _checks.positive("alpha", alpha, self)
        self.strip = _checks.whole("strip", strip, self, low=1)

    def decide(self, history):
        """Returns whether to stop after the last value, and the reason if so."""
        if not history.values or len(history.values) % self.strip:
            return False, None
        loss, progress = generalization_loss(history, self), self._progress(history)
        stop = loss > self.alpha * progress
        return stop, StopReason.PROGRESS_QUOTIENT if stop else None

    def _progress(self, history):
        strip = history.training_losses[-self.strip :]
        if all(map(math.isnan, strip)) or min(strip) <= 0:
            expected, fix = "a training loss above 0 at each value", "Compile the model with one."
            _checks.refuse("history", f"training losses {strip}", self, expected, fix=fix)
        return 1000 * (sum(strip) / (len(strip) * min(strip)) - 1)

    def get_config(self):
        """Returns the constructor arguments."""
        return {"alpha": self.alpha, "strip": self.strip}
