"""The entropy of predicted distributions."""

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.regularizers._strength import at_present, penalty_strength
from kerasreg.regularizers._sums import as_loss, widened
from kerasreg.schedules._strength import saved_strength


@register
class Entropy(keras.regularizers.Regularizer):
    """Entropy penalty on activities.

    An `activity_regularizer` for a layer whose last axis is a distribution. It adds
    `strength * H(p)`, `H(p) = -sum_k p_k log p_k` in nats, on average over the batch, to the loss:
    predictions become confident, also those without labels (entropy minimization). With
    `maximize=True` it adds `-strength * H(p)`, which keeps them from becoming overconfident (the
    confidence penalty).

    No known difference from the papers.

    Args:
        strength: Factor of the entropy, a float of at least 0, or a schedule. Defaults to 0.01.
        from_logits: Whether activities are logits, to which softmax is applied first. Defaults to
            False: they are probabilities, of at least 0.
        maximize: Whether entropy is rewarded. Defaults to False.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `strength` is negative or not finite.

    Example:
        >>> import keras, kerasreg
        >>> penalty = kerasreg.regularizers.Entropy(1.0)
        >>> round(float(penalty(keras.ops.array([[0.5, 0.5]]))), 4)
        0.6931

    Reference:
        Grandvalet, Bengio 2004, Semi-supervised Learning by Entropy Minimization, NIPS 17.
        Rewarded: Pereyra, Tucker, Chorowski, Kaiser, Hinton 2017, arXiv:1701.06548.
    """

    def __init__(self, strength=0.01, from_logits=False, maximize=False):
        self.strength = penalty_strength("strength", strength, self)
        self.from_logits = _checks.boolean("from_logits", from_logits, self)
        self.maximize = _checks.boolean("maximize", maximize, self)

    def __call__(self, x):
        x = widened(x)
        if self.from_logits:
            x = ops.log_softmax(x, axis=-1) if len(x.shape) else ops.zeros_like(x)
            p = ops.exp(x)
            # A class that a logit of -inf rules out has no term, where 0 * -inf would be NaN.
            terms = p * ops.where(p > 0, x, ops.zeros_like(x))
        else:
            positive = x > 0
            terms = x * ops.log(ops.where(positive, x, ops.ones_like(x)))
        entropy = -ops.sum(terms)
        strength = at_present(self.strength, x, self)
        return as_loss((-strength if self.maximize else strength) * entropy)

    def get_config(self):
        return {
            "strength": saved_strength(self.strength),
            "from_logits": self.from_logits,
            "maximize": self.maximize,
        }
