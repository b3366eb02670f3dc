"""Sparse activities by a target for their mean."""

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.regularizers._strength import at_present, penalty_strength
from kerasreg.regularizers._sums import as_loss, widened
from kerasreg.schedules._strength import saved_strength

_NEAREST = 2.0**-20


@register
class KLSparsity(keras.regularizers.Regularizer):
    """KL sparsity penalty on activities.

    An `activity_regularizer` for units between 0 and 1 (sigmoid). With m_j the mean of unit j over
    the batch (and all other axes) and t the target, it adds
    `strength * sum_j (t log(t / m_j) + (1 - t) log((1 - t) / (1 - m_j)))` to the loss, the
    Kullback-Leibler divergence between coins that show heads with probability t and m_j: each
    unit is to be active on a share t of the examples. Means nearer to 0 or 1 than 2**-20 count
    as that near.

    Keras divides an activity penalty by the batch size; this one, which is about means, multiplies
    by it first, so that the loss is the formula above. No known difference from the notes.

    Args:
        strength: Factor of the penalty, a float of at least 0, or a schedule. Defaults to 0.01.
        target: The mean to come near to, above 0 and below 1. Defaults to 0.05.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If `strength` is negative or not finite, or `target` not between 0 and 1.

    Example:
        >>> import keras, kerasreg
        >>> penalty = kerasreg.regularizers.KLSparsity(0.1, target=0.25)
        >>> layer = keras.layers.Dense(8, "sigmoid", activity_regularizer=penalty)
        >>> round(float(penalty(keras.ops.full((4, 8), 0.25))), 6)
        0.0

    Reference:
        Ng 2011, Sparse Autoencoder, CS294A lecture notes, Stanford. Sparse coding by that
        target: Lee, Ekanadham, Ng 2008, NIPS 20.
    """

    def __init__(self, strength=0.01, target=0.05):
        self.strength = penalty_strength("strength", strength, self)
        self.target = _checks.positive("target", target, self)
        _checks.fraction_below_one("target", target, self)

    def __call__(self, x):
        x = widened(x)
        several = len(x.shape) > 1
        mean = ops.mean(x, axis=tuple(range(len(x.shape) - 1))) if several else x
        mean = ops.clip(mean, _NEAREST, 1.0 - _NEAREST)
        t = self.target
        divergence = t * ops.log(t / mean) + (1.0 - t) * ops.log((1.0 - t) / (1.0 - mean))
        batch = ops.cast(ops.shape(x)[0], x.dtype) if several else 1.0
        return as_loss(at_present(self.strength, x, self) * ops.sum(divergence) * batch)

    def get_config(self):
        return {"strength": saved_strength(self.strength), "target": self.target}
