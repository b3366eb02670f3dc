"""The staircase."""

from itertools import pairwise

from keras import ops

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.schedules.schedule import Schedule


@register
class Piecewise(Schedule):
    """Piecewise constant strength.

    `value(t) = values[i]` with `i` the number of boundaries that are at most `t`: the first value
    holds before the first boundary, the last from the last boundary on.

    Differs from the paper, which cuts the learning rate at fixed steps, in being for any strength.

    Args:
        boundaries: Steps at which the value changes, increasing integers of at least 1.
        values: The values, one more than there are boundaries.

    Raises:
        TypeError: If an argument is not of its kind.
        ValueError: If the boundaries do not increase, or the numbers do not match.

    Example:
        >>> import kerasreg
        >>> kerasreg.schedules.Piecewise([1, 3], [0.0, 0.25, 0.5]).sample(4).tolist()
        [0.0, 0.25, 0.25, 0.5]

    Reference:
        He, Zhang, Ren, Sun 2016, Deep Residual Learning for Image Recognition, arXiv:1512.03385.
    """

    def __init__(self, boundaries, values):
        expected = "a list of increasing integers of at least 1"
        _checks.instance("boundaries", boundaries, self, (list, tuple), expected)
        self.boundaries = [_checks.whole("boundaries", b, self, low=1) for b in boundaries]
        if not boundaries or any(a >= b for a, b in pairwise(boundaries)):
            _checks.refuse("boundaries", boundaries, self, expected)
        values = _checks.many(
            "values", values, self, len(boundaries) + 1, _checks.number, broadcast=False
        )
        self.values = list(values)

    def __call__(self, step):
        step = ops.cast(step, "int32")
        value = ops.full(ops.shape(step), self.values[0], dtype="float32")
        for boundary, later in zip(self.boundaries, self.values[1:], strict=True):
            value = ops.where(step >= boundary, later, value)
        return ops.cast(value, "float32")

    def bounds(self):
        return min(self.values), max(self.values)

    def get_config(self):
        return {"boundaries": self.boundaries, "values": self.values}
