"""The elastic net, by strength and mixing fraction."""

import keras

from kerasreg import _checks
from kerasreg._proximal import elastic_net_step
from kerasreg._register import register
from kerasreg.regularizers._strength import at_present, penalty_strength
from kerasreg.regularizers._sums import as_loss, l1_l2_sum, widened
from kerasreg.schedules._strength import saved_strength


@register
class ElasticNet(keras.regularizers.Regularizer):
    """Elastic net penalty.

    Adds `strength * sum(l1_fraction * |w| + (1 - l1_fraction) * w^2)` to the loss: the sparsity
    of L1, and of groups of correlated weights it keeps all or none. The mixing fraction stays
    fixed while the strength is tuned. `L1L2` is the same penalty with two factors.

    Differs from the paper in the parameters only: `l1 = strength * l1_fraction` and
    `l2 = strength * (1 - l1_fraction)`; this is the naive form, without the paper's rescaling of
    the solution. scikit-learn's `alpha` and `l1_ratio` halve the square term, and so does the
    textbook form.

    Args:
        strength: Factor of both terms, a float of at least 0, or a schedule. Defaults to 0.01.
        l1_fraction: Share of the L1 term, between 0 (ridge) and 1 (lasso). Defaults to 0.5.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If `strength` is negative or not finite, or `l1_fraction` outside [0, 1].

    Example:
        >>> import keras, kerasreg
        >>> penalty = kerasreg.regularizers.ElasticNet(1.0, l1_fraction=0.5)
        >>> float(penalty(keras.ops.array([[3.0, -4.0]])))
        16.0

    Reference:
        Zou, Hastie 2005, Regularization and Variable Selection via the Elastic Net, JRSS B 67(2).
    """

    def __init__(self, strength=0.01, l1_fraction=0.5):
        self.strength = penalty_strength("strength", strength, self)
        self.l1_fraction = _checks.fraction("l1_fraction", l1_fraction, self)

    def __call__(self, x):
        return as_loss(l1_l2_sum(x, *self._factors(x)))

    def proximal(self, weights, step):
        """Returns argmin_w of `1/2 ||w - weights||^2 + step * penalty(w)`."""
        return elastic_net_step(widened(weights), step, *self._factors(weights))

    def _factors(self, x):
        strength = at_present(self.strength, x, self)
        l1 = strength * self.l1_fraction
        return l1, strength - l1

    def get_config(self):
        return {"strength": saved_strength(self.strength), "l1_fraction": self.l1_fraction}
