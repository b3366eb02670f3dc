"""L1 and L2 penalties with a factor each."""

import keras

from kerasreg._proximal import elastic_net_step
from kerasreg._register import register
from kerasreg.regularizers._strength import at_present, penalty_strength
from kerasreg.regularizers._sums import as_loss, l1_l2_sum, widened
from kerasreg.schedules._strength import saved_strength


@register
class L1L2(keras.regularizers.L1L2):
    """L1 plus L2 penalty.

    Adds `l1 * sum(|w|) + l2 * sum(w^2)` to the loss. `ElasticNet` is the same penalty with one
    strength and a mixing fraction.

    No known difference from the paper's naive elastic net.

    Args:
        l1: Factor of the absolute values, a float of at least 0, or a schedule. Defaults to 0.
        l2: Factor of the squares, a float of at least 0, or a schedule. Defaults to 0.

    Raises:
        TypeError: If a factor is not a number.
        ValueError: If a factor is negative or not finite.

    Example:
        >>> import keras, kerasreg
        >>> float(kerasreg.regularizers.L1L2(l1=1.0, l2=0.5)(keras.ops.array([[3.0, -4.0]])))
        19.5

    Reference:
        Zou, Hastie 2005, Regularization and Variable Selection via the Elastic Net, JRSS B 67(2).
    """

    def __init__(self, l1=0.0, l2=0.0):
        self.l1 = penalty_strength("l1", l1, self)
        self.l2 = penalty_strength("l2", l2, self)

    def __call__(self, x):
        return as_loss(l1_l2_sum(x, *self._factors(x)))

    def proximal(self, weights, step):
        """Returns argmin_w of `1/2 ||w - weights||^2 + step * penalty(w)`."""
        return elastic_net_step(widened(weights), step, *self._factors(weights))

    def _factors(self, x):
        return at_present(self.l1, x, self), at_present(self.l2, x, self)

    def get_config(self):
        return {"l1": saved_strength(self.l1), "l2": saved_strength(self.l2)}
