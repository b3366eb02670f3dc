"""The L2 (ridge) penalty."""

import keras

from kerasreg._register import register
from kerasreg.regularizers._strength import at_present, penalty_strength
from kerasreg.regularizers._sums import as_loss, square_sum
from kerasreg.schedules._strength import saved_strength


@register
class L2(keras.regularizers.L2):
    """L2 (ridge, weight decay) penalty.

    Adds `l2 * sum(w^2)` to the loss, as in Keras: large weights cost most, so the weights
    spread out. Textbooks often write `lambda / 2 * sum(w^2)`, whose gradient is `lambda * w`;
    that is `L2(lambda / 2)`. The sum is taken in float32 (float64 for float64 weights),
    whatever the precision of the weights.

    Differs from the paper, which states the constraint and its solution for linear regression,
    only in being applied to any weight.

    Args:
        l2: Factor, a float of at least 0, or a schedule. Defaults to 0.01.

    Raises:
        TypeError: If `l2` is not a number.
        ValueError: If `l2` is negative or not finite.

    Example:
        >>> import keras, kerasreg
        >>> layer = keras.layers.Dense(3, kernel_regularizer=kerasreg.regularizers.L2(1e-4))
        >>> float(kerasreg.regularizers.L2(0.5)(keras.ops.array([[3.0, -4.0]])))
        12.5

    Reference:
        Hoerl, Kennard 1970, Ridge Regression: Biased Estimation for Nonorthogonal Problems,
        Technometrics 12(1).
    """

    def __init__(self, l2=0.01):
        self.l2 = penalty_strength("l2", l2, self)

    def __call__(self, x):
        return as_loss(at_present(self.l2, x, self) * square_sum(x))

    def get_config(self):
        return {"l2": saved_strength(self.l2)}
