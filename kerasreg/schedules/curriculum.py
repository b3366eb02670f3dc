"""Curriculum dropout's schedule."""

from keras import ops

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.schedules.schedule import Schedule

DECAYS = 10.0


@register
class Curriculum(Schedule):
    """Curriculum dropout: the rate grows from 0.

    `value(t) = limit * (1 - exp(-10 * t / steps))`: training starts easy, without dropout, and
    comes near the limit long before `steps`, the length of the training. In the paper's terms
    the kept fraction is `(1 - theta) * exp(-gamma * t) + theta` with `theta = 1 - limit` and its
    rule of thumb `gamma = 10 / T`.

    No known difference from the paper.

    Args:
        limit: Value that is approached, a finite float.
        steps: Length of the whole training in steps, at least 1.

    Raises:
        TypeError: If an argument is not a number of its kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg
        >>> layer = kerasreg.layers.Dropout(kerasreg.schedules.Curriculum(0.5, steps=10_000))
        >>> layer.rate.sample([0, 1_000, 10_000]).round(4).tolist()
        [0.0, 0.316..., 0.5]

    Reference:
        Morerio, Cavazza, Volpi, Vidal, Murino 2017, Curriculum Dropout, arXiv:1703.06229.
    """

    def __init__(self, limit, *, steps):
        self.limit = _checks.number("limit", limit, self)
        self.steps = _checks.whole("steps", steps, self, low=1)

    def __call__(self, step):
        return -self.limit * ops.expm1(ops.cast(step, "float32") * (-DECAYS / self.steps))

    def bounds(self):
        return min(self.limit, 0.0), max(self.limit, 0.0)

    def get_config(self):
        return {"limit": self.limit, "steps": self.steps}
