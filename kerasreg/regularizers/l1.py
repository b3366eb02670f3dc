"""The L1 (lasso) penalty."""

import keras

from kerasreg._proximal import soft_threshold
from kerasreg._register import register
from kerasreg.regularizers._strength import at_present, penalty_strength
from kerasreg.regularizers._sums import absolute_sum, as_loss, widened
from kerasreg.schedules._strength import saved_strength


@register
class L1(keras.regularizers.L1):
    """L1 (lasso) penalty.

    Adds `l1 * sum(|w|)` to the loss: many weights become zero or nearly so. The sum is
    taken in float32 (float64 for float64 weights), whatever the precision of the weights.

    No known difference from the paper, which bounds the sum; a bound and a factor describe the
    same solutions.

    Args:
        l1: Factor, a float of at least 0, or a schedule. Defaults to 0.01.

    Raises:
        TypeError: If `l1` is not a number.
        ValueError: If `l1` is negative or not finite.

    Example:
        >>> import keras, kerasreg
        >>> layer = keras.layers.Dense(3, kernel_regularizer=kerasreg.regularizers.L1(1e-4))
        >>> float(kerasreg.regularizers.L1(0.5)(keras.ops.array([[3.0, -4.0]])))
        3.5

    Reference:
        Tibshirani 1996, Regression Shrinkage and Selection via the Lasso, JRSS B 58(1).
    """

    def __init__(self, l1=0.01):
        self.l1 = penalty_strength("l1", l1, self)

    def __call__(self, x):
        return as_loss(at_present(self.l1, x, self) * absolute_sum(x))

    def proximal(self, weights, step):
        """Returns argmin_w of `1/2 ||w - weights||^2 + step * penalty(w)`: soft thresholding."""
        return soft_threshold(widened(weights), step * at_present(self.l1, weights, self))

    def get_config(self):
        return {"l1": saved_strength(self.l1)}
