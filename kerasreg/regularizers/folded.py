"""The gradient of a penalty without its value."""

import contextlib

import keras
from keras import ops

from kerasreg import _backend, _checks
from kerasreg._backend.gradient_only import gradient_of, gradient_only
from kerasreg._backend.training_step import at_step
from kerasreg._register import register
from kerasreg.regularizers._strength import at_present, step_for
from kerasreg.regularizers._sums import as_loss, widened
from kerasreg.regularizers.elastic_net import ElasticNet
from kerasreg.regularizers.l1 import L1
from kerasreg.regularizers.l1_l2 import L1L2
from kerasreg.regularizers.l2 import L2
from kerasreg.regularizers.soft_sharing import SoftSharing
from kerasreg.regularizers.sum import Sum
from kerasreg.schedules._strength import schedules_in


@register
class Folded(keras.regularizers.Regularizer):
    """Folded penalty: its gradient in every step, its value only when it is asked for.

    Adds 0 to the loss, with the gradient of the penalty R: weights are updated by
    `grad(data loss) + grad R(w)` as with R itself, while nothing is summed over the weights. The
    value is most of what a penalty costs. For L1, L2 and sums of these the gradient is
    `l1 * sign(w) + 2 * l2 * w`, in one pass over the weights; for other penalties it is what the
    backend makes of them, and some of these (`Orthogonal`, `SpectralNorm`) need most of the value
    on the way.

    As the gradient comes by the way of all gradients, it works with every optimizer, clipping,
    loss scaling, and distribution. It is not weight decay, which bypasses these
    (`kerasreg.models.weight_decay_groups`).

    Keras' `loss` and `val_loss` are then those of the data alone. The value of the penalty is
    measured by `kerasreg.callbacks.PenaltyMonitor` once an epoch, by
    `kerasreg.models.penalty_report`, and by `left_out(weights)`. As an `activity_regularizer` a
    folded penalty works, too, but no one measures it.

    Differs from the penalty only in what is reported.

    Args:
        penalty: A regularizer, of kerasreg or Keras. Not one that is folded or has a folded part,
            nor a `SoftSharing` whose gradient also moves the other layer.

    Raises:
        TypeError: If `penalty` is no regularizer.
        ValueError: If it is one that cannot be folded.

    Example:
        >>> import keras, kerasreg
        >>> penalty = kerasreg.regularizers.Folded(kerasreg.regularizers.L2(0.5))
        >>> layer = keras.layers.Dense(3, kernel_regularizer=penalty)
        >>> weights = keras.ops.array([[3.0, -4.0]])
        >>> float(penalty(weights)), float(penalty.left_out(weights))
        (0.0, 12.5)

    Reference:
        Hanson, Pratt 1988, Comparing Biases for Minimal Network Construction with
        Back-Propagation, NIPS 1, who give penalties by what they add to the update.
    """

    def __init__(self, penalty):
        kind = keras.regularizers.Regularizer
        self.penalty = _checks.instance("penalty", penalty, self, kind, "a Keras regularizer")
        for part in _parts(penalty):
            if isinstance(part, Folded):
                _checks.refuse("penalty", penalty, self, "a penalty that is not folded already")
            if isinstance(part, SoftSharing) and part.gradient == "both":
                fix = "Give it `gradient='own'`, and the other layer one, too, if both shall move."
                expected = "a penalty on one weight"
                _checks.refuse("penalty", penalty, self, expected, fix=fix)

    def __call__(self, x):
        x = widened(x)
        # The gradient is computed later, where the step may be out of sight.
        step = [step_for(x, self)] if any(schedules_in(self.penalty)) else []
        return as_loss(gradient_only(self._gradient, x, *step))

    def left_out(self, x):
        """Returns the value of the penalty, which a call leaves out of the loss."""
        return self.penalty(x)

    def _gradient(self, upstream, x, *step):
        with at_step(*step) if step else contextlib.nullcontext():
            return self._sum(upstream, x)

    def _sum(self, upstream, x):
        norms, others = [], []
        for part in _parts(self.penalty):
            factors = _factors(part, x)
            if factors is None:
                others.append(gradient_of(part)(upstream, x))
            else:
                norms.append(factors)
        if norms:
            l1, l2 = map(sum, zip(*norms, strict=True))
            others.append(_norms_gradient(upstream, x, l1, l2))
        return sum(others[1:], others[0])

    def get_config(self):
        return {"penalty": keras.saving.serialize_keras_object(self.penalty)}

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config["penalty"]))


def _parts(penalty):
    if isinstance(penalty, Sum):
        return [each for part in penalty.penalties for each in _parts(part)]
    return [penalty]


def _factors(penalty, x):
    """Returns l1 and l2 of `l1 * sum(|w|) + l2 * sum(w^2)`; None for another penalty."""
    # Not of subclasses, which may compute something else.
    kind = type(penalty)
    if kind in (L1, keras.regularizers.L1):
        return at_present(penalty.l1, x, penalty), 0.0
    if kind in (L2, keras.regularizers.L2):
        return 0.0, at_present(penalty.l2, x, penalty)
    if kind in (L1L2, keras.regularizers.L1L2):
        return at_present(penalty.l1, x, penalty), at_present(penalty.l2, x, penalty)
    if kind is ElasticNet:
        strength = at_present(penalty.strength, x, penalty)
        l1 = strength * penalty.l1_fraction
        return l1, strength - l1
    return None


def _norms_gradient(upstream, x, l1, l2):
    by_square = ops.multiply(upstream, ops.cast(2 * l2, x.dtype))
    if isinstance(l1, float) and l1 == 0:
        return by_square * x
    by_sign = ops.multiply(upstream, ops.cast(l1, x.dtype))
    squares = not (isinstance(l2, float) and l2 == 0)
    return _in_one_pass(x, by_sign, by_square, squares=squares)


def _of_both(x, by_sign, by_square, *, squares):
    signs = by_sign * ops.sign(x)
    return signs + by_square * x if squares else signs


def _derivative(dy, by_sign, by_square, *, squares):
    return by_square * dy if squares else ops.zeros_like(dy)


_in_one_pass = _backend.fused(_of_both, _derivative, _derivative)
