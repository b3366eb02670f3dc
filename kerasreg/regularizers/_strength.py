"""The strength of a penalty: a number, or a schedule, whose value is that of the training step."""

import functools

from keras import ops

from kerasreg import _checks
from kerasreg._backend.training_step import UnknownStepError, training_step
from kerasreg.regularizers._sums import widened
from kerasreg.schedules._strength import strength
from kerasreg.schedules.schedule import Schedule

_non_negative = functools.partial(_checks.number, low=0)


def penalty_strength(name, value, owner):
    """Returns a checked strength: a float of at least 0, or a schedule of such floats."""
    return strength(name, value, owner, _non_negative)


def at_present(value, x, owner):
    """Returns a strength now: the number as it is, or that of a schedule as a scalar tensor.

    Args:
        value: A number or a schedule.
        x: The tensor that the penalty is of.
        owner: The penalty.
    """
    if not isinstance(value, Schedule):
        return value
    x = widened(x)
    return ops.cast(value(step_for(x, owner)), x.dtype)


def step_for(x, owner):
    """Returns the training step at which a penalty is computed.

    Args:
        x: The tensor that the penalty is of.
        owner: The penalty.
    """
    try:
        return training_step(x)
    except UnknownStepError:
        reason = "The strength follows a schedule, and compiled code would hold it fixed: "
        reason += "nothing that computes this penalty says at which training step."
        fix = "Compute `losses` of a compiled model, or within `kerasreg.regularizers.at_step`."
        _checks.impossible(owner, reason, fix=fix)
