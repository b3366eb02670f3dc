"""Total variation."""

import keras
from keras import ops

from kerasreg._axes import axes_of, checked_axes
from kerasreg._register import register
from kerasreg.regularizers._strength import at_present, penalty_strength
from kerasreg.regularizers._sums import absolute_sum, as_loss, widened
from kerasreg.schedules._strength import saved_strength


@register
class TotalVariation(keras.regularizers.Regularizer):
    """Total variation penalty.

    Adds `strength * sum |w_i - w_(i+1)|` to the loss, over all neighbours along some axes: weights
    become piecewise constant, such as the taps of a convolution, or the weights of a dense
    layer on a signal whose order means something. As an `activity_regularizer` it smooths feature
    maps; `axis=(1, 2)` are then height and width.

    Differs from the paper in adding up the axes (the anisotropic form) where the paper takes the
    length of the gradient.

    Args:
        strength: Factor of the penalty, a float of at least 0, or a schedule. Defaults to 0.01.
        axis: The axis along which neighbours are compared, or a tuple of axes. Defaults to None:
            all but the last two for the kernel of a convolution (three or more axes), else the
            first.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `strength` is negative or not finite; or, when called, if the weights have
            no such axis.

    Example:
        >>> import keras, kerasreg
        >>> float(kerasreg.regularizers.TotalVariation(1.0)(keras.ops.array([1.0, 4.0, 2.0])))
        5.0

    Reference:
        Rudin, Osher, Fatemi 1992, Nonlinear Total Variation Based Noise Removal Algorithms,
        Physica D 60. In one dimension: Tibshirani, Saunders, Rosset, Zhu, Knight 2005, Sparsity and
        Smoothness via the Fused Lasso, JRSS B 67(1).
    """

    def __init__(self, strength=0.01, axis=None):
        self.strength = penalty_strength("strength", strength, self)
        self.axis = None if axis is None else checked_axes("axis", axis, self)

    def __call__(self, x):
        x = widened(x)
        total = ops.zeros((), x.dtype)
        for axis in self._axes(x):
            total += absolute_sum(ops.diff(x, axis=axis))
        return as_loss(at_present(self.strength, x, self) * total)

    def _axes(self, x):
        if self.axis is not None and len(x.shape):
            return axes_of(x, self.axis, "axis", self)
        return range(len(x.shape) - 2 if len(x.shape) > 2 else min(len(x.shape), 1))

    def get_config(self):
        return {"strength": saved_strength(self.strength), "axis": self.axis}
