"""L1 and L2 penalties with a factor each."""

import keras

from kerasreg import _checks
from kerasreg._proximal import elastic_net_step
from kerasreg._register import register
from kerasreg.regularizers._sums import absolute_sum, as_loss, square_sum, widened


@register
class L1L2(keras.regularizers.L1L2):
    """L1 plus L2 penalty.

    Adds `l1 * sum(|w|) + l2 * sum(w^2)` to the loss. `ElasticNet` is the same penalty with one
    strength and a mixing fraction.

    No known difference from the paper's naive elastic net.

    Args:
        l1: Factor of the sum of absolute values, a finite float of at least 0. Defaults to 0.
        l2: Factor of the sum of squares, a finite float of at least 0. Defaults to 0.

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
        self.l1 = _checks.number("l1", l1, self, low=0)
        self.l2 = _checks.number("l2", l2, self, low=0)

    def __call__(self, x):
        # A zero factor costs nothing: Keras computes the penalty at every step.
        terms = []
        if self.l1 or not self.l2:
            terms.append(self.l1 * absolute_sum(x))
        if self.l2:
            terms.append(self.l2 * square_sum(x))
        return as_loss(sum(terms))

    def proximal(self, weights, step):
        """Returns argmin_w of `1/2 ||w - weights||^2 + step * penalty(w)`."""
        return elastic_net_step(widened(weights), step, self.l1, self.l2)

    def get_config(self):
        return {"l1": self.l1, "l2": self.l2}
