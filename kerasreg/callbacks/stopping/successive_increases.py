"""Stopping when the validation error has risen in so many strips in a row."""

from itertools import pairwise

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.callbacks.stopping.criterion import Criterion
from kerasreg.callbacks.stopping.stopping_report import StopReason


@register
class SuccessiveIncreases(Criterion):
    """Successive increases of the validation error (UP).

    Stops at the end of a strip of k validations when the error has risen in `successive` strips in
    a row, each time from the end of one to the end of the next:

        UP_1: E(t) > E(t - k)        UP_s: E(t) > E(t - k), and UP_{s-1} would stop at t - k

    However large the rise: only its persistence counts. Values that are to be maximised count when
    they fall. A non-finite value is no rise, nor is what follows it.

    No known difference from the paper.

    Args:
        successive: Strips in a row, the paper's s, at least 1.
        strip: Validations in a strip, the paper's k, at least 1. Defaults to 5, the paper's.

    Raises:
        TypeError: If an argument is not an integer.
        ValueError: If an argument is less than 1.

    Example:
        >>> import kerasreg
        >>> criterion = kerasreg.callbacks.SuccessiveIncreases(3)
        >>> stopper = kerasreg.callbacks.EarlyStopping("val_loss", criterion=criterion)

    Reference:
        Prechelt 1998, Early Stopping - But When?, LNCS 1524, section 2.
    """

    def __init__(self, successive, *, strip=5):
        self.successive = _checks.whole("successive", successive, self, low=1)
        self.strip = _checks.whole("strip", strip, self, low=1)

    def decide(self, history):
        """Returns whether to stop after the last value, and the reason if so."""
        ends = history.values[self.strip - 1 :: self.strip]
        if len(history.values) % self.strip or len(ends) <= self.successive:
            return False, None
        last = ends[-self.successive - 1 :]
        # That the earlier value is the better one.
        rises = [history.improves(a, b) for a, b in pairwise(last)]
        finite = all(abs(end) < float("inf") for end in last)
        stop = finite and all(rises)
        return stop, StopReason.SUCCESSIVE_INCREASES if stop else None

    def get_config(self):
        """Returns the constructor arguments."""
        return {"successive": self.successive, "strip": self.strip}
