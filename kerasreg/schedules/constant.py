"""The schedule that does not change."""

from keras import ops

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.schedules.schedule import Schedule


@register
class Constant(Schedule):
    """Constant strength.

    `value(t) = value`: what a plain number means, for places that want a schedule.

    Args:
        value: Any finite float.

    Raises:
        TypeError: If `value` is not a number.
        ValueError: If `value` is not finite.

    Example:
        >>> import kerasreg
        >>> kerasreg.schedules.Constant(0.5).sample(3).tolist()
        [0.5, 0.5, 0.5]

    Reference:
        Hinton, Srivastava, Krizhevsky, Sutskever, Salakhutdinov 2012, Improving neural networks
        by preventing co-adaptation of feature detectors, arXiv:1207.0580 (a fixed dropout rate).
    """

    def __init__(self, value):
        self.value = _checks.number("value", value, self)

    def __call__(self, step):
        return ops.full(ops.shape(step), self.value, dtype="float32")

    def bounds(self):
        return self.value, self.value

    def get_config(self):
        return {"value": self.value}
