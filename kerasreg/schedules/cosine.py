"""The cosine ramp."""

import math

from keras import ops

from kerasreg._register import register
from kerasreg.schedules._ramp import Ramp


@register
class Cosine(Ramp):
    """Cosine ramp of a strength.

    `value(t) = end + (start - end) * (1 + cos(pi * p)) / 2` with `p = (t - begin) / steps` cut to
    [0, 1]: as `Linear`, but level at both ends.

    Differs from the paper, which lowers a learning rate, and again after each restart: this is
    one period, for any strength, up or down.

    Args:
        start: Value before the ramp, a finite float.
        end: Value after the ramp, a finite float.
        steps: Length of the ramp in training steps, at least 1.
        begin: Step at which the ramp begins, at least 0. Defaults to 0.

    Raises:
        TypeError: If an argument is not a number of its kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg
        >>> kerasreg.schedules.Cosine(1.0, 0.0, steps=2).sample(4).round(6).tolist()
        [1.0, 0.5, 0.0, 0.0]

    Reference:
        Loshchilov, Hutter 2017, SGDR: Stochastic Gradient Descent with Warm Restarts,
        arXiv:1608.03983.
    """

    def between(self, done):
        return self.end + (self.start - self.end) * (0.5 + 0.5 * ops.cos(math.pi * done))
