"""The exponential ramp."""

import math

from keras import ops

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.schedules._ramp import Ramp


@register
class Exponential(Ramp):
    """Exponential ramp of a strength.

    `value(t) = start * (end / start)^p` with `p = (t - begin) / steps` cut to [0, 1]: equal
    factors in equal times, so both values must be above 0. For the approach to a limit from 0
    see `Curriculum`.

    Differs from the paper, which anneals a dropout rate to 0: this one comes near 0 at most.

    Args:
        start: Value before the ramp, a finite float above 0.
        end: Value after the ramp, a finite float above 0.
        steps: Length of the ramp in training steps, at least 1.
        begin: Step at which the ramp begins, at least 0. Defaults to 0.

    Raises:
        TypeError: If an argument is not a number of its kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg
        >>> kerasreg.schedules.Exponential(1.0, 0.25, steps=2).sample(4).round(6).tolist()
        [1.0, 0.5, 0.25, 0.25]

    Reference:
        Rennie, Goel, Thomas 2014, Annealed Dropout Training of Deep Networks, IEEE SLT.
    """

    check_end_point = staticmethod(_checks.positive)

    def between(self, done):
        return self.start * ops.exp(math.log(self.end / self.start) * done)
