"""The group lasso."""

import keras

from kerasreg import _checks
from kerasreg._axes import checked_axes
from kerasreg._register import register
from kerasreg.regularizers._groups import group_lasso, shrunk_groups
from kerasreg.regularizers._strength import at_present, penalty_strength
from kerasreg.regularizers._sums import as_loss
from kerasreg.schedules._strength import saved_strength


@register
class GroupLasso(keras.regularizers.Regularizer):
    """Group lasso penalty.

    Adds `strength * sum_g sqrt(n_g) ||w_g||_2` to the loss, the sum of the Euclidean norms of
    groups of n_g weights: it drives whole groups to zero, where L1 does so with single weights.
    Groups along the last axis are the units of a dense layer or the filters of a convolution;
    along the one before, all that leaves one input or input channel. The gradient of a group that
    is zero is zero.

    Differs from the paper in nothing; with `size_factor=False` it is the structured sparsity of
    Wen et al. 2016, which leaves sqrt(n_g) out.

    Args:
        strength: Factor of the penalty, a float of at least 0, or a schedule. Defaults to 0.01.
        axis: The axis that numbers the groups, or a tuple of axes: -1 for columns (units, filters),
            -2 for rows (inputs, input channels), (-2, -1) for the single kernels of a convolution.
            A transposed convolution has filters at -2 and input channels at -1. Defaults to -1.
        size_factor: Whether each norm is multiplied by the square root of the number of weights
            in its group. Defaults to True.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `strength` is negative or not finite; or, when called, if the weights have
            no such axis.

    Example:
        >>> import keras, kerasreg
        >>> penalty = kerasreg.regularizers.GroupLasso(1.0, size_factor=False)
        >>> float(penalty(keras.ops.array([[3.0, 0.0], [4.0, 0.0]])))
        5.0

    Reference:
        Yuan, Lin 2006, Model Selection and Estimation in Regression with Grouped Variables, JRSS B
        68(1). For networks: Scardapane, Comminiello, Hussain, Uncini 2017, Neurocomputing 241; Wen,
        Wu, Wang, Chen, Li 2016, arXiv:1608.03665.
    """

    def __init__(self, strength=0.01, axis=-1, size_factor=True):
        self.strength = penalty_strength("strength", strength, self)
        self.axis = checked_axes("axis", axis, self)
        self.size_factor = _checks.boolean("size_factor", size_factor, self)

    def __call__(self, x):
        total = group_lasso(x, self.axis, self.size_factor, self)
        return as_loss(at_present(self.strength, x, self) * total)

    def proximal(self, weights, step):
        """Returns argmin_w of `1/2 ||w - weights||^2 + step * penalty(w)`: whole groups shrink."""
        threshold = step * at_present(self.strength, weights, self)
        return shrunk_groups(weights, self.axis, threshold, self.size_factor, self)

    def get_config(self):
        return {
            "strength": saved_strength(self.strength),
            "axis": self.axis,
            "size_factor": self.size_factor,
        }
