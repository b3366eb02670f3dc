"""Prechelt's generalization loss, in percent."""

import math

from kerasreg import _checks
from kerasreg.callbacks.stopping.curve import Curve


def generalization_loss(history: Curve, owner: object) -> float:
    """Returns by how much the last value is above the lowest so far, in percent of that.

    NaN if the last value is not finite, 0 without any value.

    Raises:
        ValueError: If the values are to be maximised, or not above 0.
    """
    expected, fix = "values to be minimised that are above 0", "Monitor a loss or an error rate."
    if history.direction != "min":
        _checks.refuse("history", "values to be maximised", owner, expected, fix=fix)
    finite = [value for value in history.values if math.isfinite(value)]
    if not finite:
        return 0.0
    lowest = min(finite)
    if lowest <= 0:
        _checks.refuse("history", lowest, owner, expected, fix=fix)
    last = history.values[-1]
    return 100 * (last / lowest - 1) if math.isfinite(last) else math.nan
