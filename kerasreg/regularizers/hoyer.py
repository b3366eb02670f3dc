"""Hoyer's measure of sparseness."""

import keras
from keras import ops

from kerasreg import _backend, _checks
from kerasreg._axes import checked_axes
from kerasreg._register import register
from kerasreg.regularizers._groups import group_norms, root
from kerasreg.regularizers._strength import at_present, penalty_strength
from kerasreg.regularizers._sums import as_loss, widened
from kerasreg.schedules._strength import saved_strength


@register
class Hoyer(keras.regularizers.Regularizer):
    """Hoyer sparsity penalty.

    Adds `strength * sum(|w|)^2 / sum(w^2)` to the loss (Hoyer-Square), or with `squared=False`
    `strength * sum(|w|) / sqrt(sum(w^2))`. Unlike L1 it does not shrink: multiplying all
    weights by a number leaves it as it is, and it is the smaller the fewer weights are not zero,
    between 1 and n (the square root of n) for n weights. With `axis` the norms of groups take the
    place of single weights (Group-Hoyer-Square).

    Weights that are all zero cost nothing and get a gradient of zero; no known other difference
    from the papers.

    Args:
        strength: Factor of the penalty, a float of at least 0, or a schedule. Defaults to 0.01.
        squared: Whether the ratio of the two norms is squared. Defaults to True.
        axis: The axis that numbers groups, or a tuple of axes, as in `GroupLasso`. Defaults to
            None, single weights.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `strength` is negative or not finite; or, when called, if the weights have
            no such axis.

    Example:
        >>> import keras, kerasreg
        >>> penalty = kerasreg.regularizers.Hoyer(1.0)
        >>> [float(penalty(keras.ops.array(w))) for w in ([0.0, 5.0], [3.0, 3.0])]
        [1.0, 2.0]

    Reference:
        Yang, Wen, Li 2020, DeepHoyer: Learning Sparser Neural Network with Differentiable
        Scale-Invariant Sparsity Measures, arXiv:1908.09979. The measure: Hoyer 2004, JMLR 5.
    """

    def __init__(self, strength=0.01, squared=True, axis=None):
        self.strength = penalty_strength("strength", strength, self)
        self.squared = _checks.boolean("squared", squared, self)
        self.axis = None if axis is None else checked_axes("axis", axis, self)

    def __call__(self, x):
        if self.axis is None:
            values = _backend.absolute(widened(x))
        else:
            values, _ = group_norms(x, self.axis, self)
        total, squares = ops.sum(values), ops.sum(ops.square(values))
        squares = ops.where(squares > 0, squares, ops.ones_like(squares))
        ratio = ops.square(total) / squares if self.squared else total / root(squares)
        return as_loss(at_present(self.strength, x, self) * ratio)

    def get_config(self):
        return {
            "strength": saved_strength(self.strength),
            "squared": self.squared,
            "axis": self.axis,
        }
