"""Orthogonality of the columns of a kernel."""

import keras
from keras import ops

from kerasreg import _backend, _checks
from kerasreg._register import register
from kerasreg.regularizers._spectral import as_matrix, largest_singular_value, matmul
from kerasreg.regularizers._strength import at_present, penalty_strength
from kerasreg.regularizers._sums import as_loss, square_sum
from kerasreg.schedules._strength import saved_strength


@register
class Orthogonal(keras.regularizers.Regularizer):
    """Orthogonality penalty, in four forms.

    Adds `strength * d(W)` to the loss, where d is 0 when the columns of the kernel W (units,
    filters) are orthogonal and of length 1; when there are more columns than rows, which cannot
    be, the rows take their place. With G = W^T W - I (or W W^T - I, if that is the smaller):

        "so" (soft orthogonality): the sum of G squared
        "dso" (double soft orthogonality): the sum of W^T W - I squared, and of W W^T - I squared
        "mc" (mutual coherence): the largest |element| of G
        "srip" (spectral restricted isometry): the largest singular value of G

    The kernel of a convolution is taken as the matrix (height * width * inputs, filters), that of
    a transposed one, as Keras stores it, as (height * width * filters, inputs).
    `keras.regularizers.OrthogonalRegularizer` compares directions only.

    Differs from the paper for "srip" in a fixed first vector of the power iteration; code in
    circulation squares that value.

    Args:
        strength: Factor of the penalty, a float of at least 0, or a schedule. Defaults to 0.01.
        mode: "so", "dso", "mc" or "srip". Defaults to "so".
        iterations: Rounds of power iteration for "srip", at least 1. Defaults to 2.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `strength` is negative or not finite, `mode` none of the four, or
            `iterations` below 1.

    Example:
        >>> import keras, kerasreg
        >>> penalty = kerasreg.regularizers.Orthogonal(1.0)
        >>> float(penalty(keras.ops.eye(2))), float(penalty(2 * keras.ops.eye(2)))
        (0.0, 18.0)

    Reference:
        Bansal, Chen, Wang 2018, Can We Gain More from Orthogonality Regularizations in Training
        Deep CNNs?, arXiv:1810.09102.
    """

    def __init__(self, strength=0.01, mode="so", iterations=2):
        self.strength = penalty_strength("strength", strength, self)
        self.mode = _checks.choice("mode", mode, self, ("so", "dso", "mc", "srip"))
        self.iterations = _checks.whole("iterations", iterations, self, low=1)

    def __call__(self, x):
        matrix = as_matrix(x)
        rows, columns = matrix.shape
        narrow = matrix if columns <= rows else ops.transpose(matrix)
        return as_loss(at_present(self.strength, x, self) * self._distance(narrow))

    def _distance(self, narrow):
        excess = _gram_excess(narrow)
        if self.mode == "so":
            return square_sum(excess)
        if self.mode == "dso":
            return square_sum(excess) + square_sum(_gram_excess(ops.transpose(narrow)))
        if self.mode == "mc":
            return ops.max(_backend.absolute(excess))
        return largest_singular_value(excess, self.iterations)

    def get_config(self):
        return {
            "strength": saved_strength(self.strength),
            "mode": self.mode,
            "iterations": self.iterations,
        }


def _gram_excess(matrix):
    gram = matmul(ops.transpose(matrix), matrix)
    return gram - ops.eye(matrix.shape[1], dtype=gram.dtype)
