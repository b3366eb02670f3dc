"""The spectral norm as a penalty."""

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.regularizers._spectral import as_matrix, largest_singular_value
from kerasreg.regularizers._strength import at_present, penalty_strength
from kerasreg.regularizers._sums import as_loss
from kerasreg.schedules._strength import saved_strength


@register
class SpectralNorm(keras.regularizers.Regularizer):
    """Spectral norm penalty.

    Adds `strength * s^2` to the loss, s the largest singular value of the kernel: the most by
    which the layer can stretch its input, and so what a perturbation of the input can grow to.
    Keras' `SpectralNormalization` sets that value to 1 instead. A kernel of more than two axes is
    taken as the matrix (all others, filters).

    Differs from the paper, which has strength / 2; and in beginning its power iteration anew at
    each step, from a fixed vector, with more than one round, so that nothing has to be stored.

    Args:
        strength: Factor of the penalty, a float of at least 0, or a schedule. Defaults to 0.01.
        iterations: Rounds of power iteration, at least 1: the value found is never too large, and
            the nearer the larger the gap to the second singular value. Defaults to 10.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `strength` is negative or not finite, or `iterations` below 1.

    Example:
        >>> import keras, kerasreg
        >>> penalty = kerasreg.regularizers.SpectralNorm(1.0)
        >>> round(float(penalty(keras.ops.array([[3.0, 0.0], [0.0, 1.0]]))), 4)
        9.0

    Reference:
        Yoshida, Miyato 2017, Spectral Norm Regularization for Improving the Generalizability of
        Deep Learning, arXiv:1705.10941.
    """

    def __init__(self, strength=0.01, iterations=10):
        self.strength = penalty_strength("strength", strength, self)
        self.iterations = _checks.whole("iterations", iterations, self, low=1)

    def __call__(self, x):
        norm = largest_singular_value(as_matrix(x), self.iterations)
        return as_loss(at_present(self.strength, x, self) * ops.square(norm))

    def get_config(self):
        return {"strength": saved_strength(self.strength), "iterations": self.iterations}
