"""The sparse group lasso."""

import keras

from kerasreg import _checks
from kerasreg._axes import checked_axes
from kerasreg._proximal import soft_threshold
from kerasreg._register import register
from kerasreg.regularizers._groups import group_lasso, shrunk_groups
from kerasreg.regularizers._strength import at_present, penalty_strength
from kerasreg.regularizers._sums import absolute_sum, as_loss, widened
from kerasreg.schedules._strength import saved_strength


@register
class SparseGroupLasso(keras.regularizers.Regularizer):
    """Sparse group lasso penalty.

    Adds `strength * ((1 - l1_fraction) * sum_g sqrt(n_g) ||w_g||_2 + l1_fraction * sum(|w|))` to
    the loss: few groups are left, and within them few weights. `GroupLasso` is the first term.

    No known difference from the paper.

    Args:
        strength: Factor of both terms, a float of at least 0, or a schedule. Defaults to 0.01.
        l1_fraction: Share of the L1 term, between 0 (group lasso) and 1 (lasso). Defaults to 0.5.
        axis: The axis that numbers the groups, or a tuple of axes, as in `GroupLasso`. Defaults
            to -1.
        size_factor: Whether each norm is multiplied by the square root of the number of weights
            in its group. Defaults to True.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `strength` is negative or not finite, or `l1_fraction` outside [0, 1]; or,
            when called, if the weights have no such axis.

    Example:
        >>> import keras, kerasreg
        >>> penalty = kerasreg.regularizers.SparseGroupLasso(1.0, 0.5, size_factor=False)
        >>> float(penalty(keras.ops.array([[3.0, 0.0], [4.0, 0.0]])))
        6.0

    Reference:
        Simon, Friedman, Hastie, Tibshirani 2013, A Sparse-Group Lasso, Journal of Computational
        and Graphical Statistics 22(2).
    """

    def __init__(self, strength=0.01, l1_fraction=0.5, axis=-1, size_factor=True):
        self.strength = penalty_strength("strength", strength, self)
        self.l1_fraction = _checks.fraction("l1_fraction", l1_fraction, self)
        self.axis = checked_axes("axis", axis, self)
        self.size_factor = _checks.boolean("size_factor", size_factor, self)

    def __call__(self, x):
        of_groups, l1 = self._factors(x)
        groups = group_lasso(x, self.axis, self.size_factor, self)
        return as_loss(of_groups * groups + l1 * absolute_sum(x))

    def proximal(self, weights, step):
        """Returns argmin_w of `1/2 ||w - weights||^2 + step * penalty(w)`: first single weights."""
        of_groups, l1 = self._factors(weights)
        single = soft_threshold(widened(weights), step * l1)
        return shrunk_groups(single, self.axis, step * of_groups, self.size_factor, self)

    def _factors(self, x):
        strength = at_present(self.strength, x, self)
        l1 = strength * self.l1_fraction
        return strength * (1 - self.l1_fraction), l1

    def get_config(self):
        return {
            "strength": saved_strength(self.strength),
            "l1_fraction": self.l1_fraction,
            "axis": self.axis,
            "size_factor": self.size_factor,
        }
