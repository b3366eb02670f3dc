"""The linear ramp."""

from kerasreg._register import register
from kerasreg.schedules._ramp import Ramp


@register
class Linear(Ramp):
    """Linear ramp of a strength.

    `value(t) = start + (end - start) * p` with `p = (t - begin) / steps` cut to [0, 1]: `start`
    until step `begin`, `end` from step `begin + steps` on.

    No known difference from the paper, which raises the share dropped by DropBlock from 0 to its
    final value over the training.

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
        >>> kerasreg.schedules.Linear(0.0, 0.5, steps=2).sample(4).tolist()
        [0.0, 0.25, 0.5, 0.5]

    Reference:
        Ghiasi, Lin, Le 2018, DropBlock: A regularization method for convolutional networks,
        arXiv:1810.12890.
    """

    def between(self, done):
        return self.start * (1.0 - done) + self.end * done
