"""Multi-sample dropout: a head sees several dropped copies of its input at once."""

import keras
from keras import ops, tree

from kerasreg import _backend, _checks, _random
from kerasreg._register import register
from kerasreg.layers._working_dtype import working_dtype
from kerasreg.layers._wrapped_layer import (
    in_precision_of,
    output_shape,
    wrapper_arguments,
)
from kerasreg.layers.dropout._with_mask import with_mask
from kerasreg.layers.dropout.dropout import kept_scale
from kerasreg.schedules._strength import saved_strength, strength, strength_at


@register
class MultiSampleDropout(keras.layers.Wrapper):
    """Multi-sample dropout: a network's head sees several dropped copies of its input.

    In training, `y = 1 / samples * sum_s head(x * m_s / (1 - rate))` with `samples` independent
    dropout masks m_s: what the network learns from `samples` steps of dropout on the same examples,
    at the cost of the head alone. All copies go through the wrapped layer in one batch of
    `samples * batch` examples. Outside training, `y = head(x)`.

    Differs from the paper in averaging the outputs of the head, where the paper averages the
    losses of the samples. The two agree for a loss that is linear in the outputs. For one
    that is convex, as cross-entropy is in logits as well as in probabilities and the squared error
    is, the loss of the mean is the smaller one (Jensen's inequality): the samples are trained
    to be right together, rather than each on its own, and the gradient of each is weighted by what
    their mean still lacks. With a head that ends in logits, the average is that of logits.

    Args:
        layer: The head: a layer or a model with one tensor as input, of any outputs.
        samples: Number of masks, 1 or more.
        rate: Fraction of the inputs dropped, between 0 and 1. A `kerasreg.schedules.Schedule`
            of the layer's training calls is also accepted. Defaults to 0.5.
        seed: An integer for reproducible masks, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        **kwargs: Keyword arguments of `keras.layers.Layer`. `dtype` defaults to that of `layer`.

    Call arguments:
        inputs: Input of the wrapped layer, a tensor.
        mask: Mask of the input, or None.
        training: Whether to drop. Defaults to False; `fit` passes True.

    Input shape:
        That of the wrapped layer.

    Output shape:
        That of the wrapped layer.

    Raises:
        TypeError: If an argument is of the wrong kind, or the input is not of floating-point
            numbers.
        ValueError: If `rate` is not between 0 and 1, or `samples` is less than 1.

    Example:
        >>> import keras, kerasreg
        >>> head = keras.layers.Dense(10, activation="softmax")
        >>> layer = kerasreg.layers.MultiSampleDropout(head, samples=8, rate=0.5, seed=0)
        >>> layer(keras.ops.ones((4, 32)), training=True).shape
        TensorShape([4, 10])

    Reference:
        Inoue 2019, Multi-Sample Dropout for Accelerated Training and Better Generalization,
        arXiv:1905.09788.
    """

    def __init__(self, layer, samples, rate=0.5, seed=None, **kwargs):
        super().__init__(layer, **wrapper_arguments(layer, self, kwargs))
        self.samples = _checks.whole("samples", samples, self, low=1)
        self.rate = strength("rate", rate, self, _checks.fraction)
        self.seed = seed
        self.seed_generator = _random.seed_generator(seed, self)
        self.supports_masking = layer.supports_masking

    def call(self, inputs, mask=None, training=False):
        if not training or self.rate == 0:
            return in_precision_of(self, self.layer(inputs))
        key, step = _random.next_key(self.seed_generator, self)
        rate = strength_at(self.rate, step)
        scale = ops.convert_to_tensor(kept_scale(rate), working_dtype(inputs, self))
        copies = drop_copies(inputs, key, _random.limit(rate), scale, samples=self.samples)
        if mask is not None:
            mask = ops.tile(mask, (self.samples, *[1] * (len(mask.shape) - 1)))
        outputs = self.layer(with_mask(copies, mask))
        return in_precision_of(self, tree.map_structure(self._mean, outputs))

    def _mean(self, outputs):
        shape = ops.shape(outputs)
        apart = ops.reshape(outputs, (self.samples, -1, *shape[1:]))
        return ops.mean(apart, axis=0)

    def compute_mask(self, inputs, previous_mask):
        return self.layer.compute_mask(inputs, previous_mask)

    def compute_output_shape(self, input_shape):
        return output_shape(self.layer, input_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "samples": self.samples,
            "rate": saved_strength(self.rate),
            "seed": _random.seed_config(self.seed),
        }

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


def _dropped_copies(x, key, limit, scale, *, samples):
    shape = tuple(ops.shape(x))
    words = _random.words(key, (samples, *shape))
    wide = ops.broadcast_to(ops.cast(x, scale.dtype), (samples, *shape))
    copies = ops.cast(_backend.where_kept(words, limit, wide) * scale, x.dtype)
    return ops.reshape(copies, (samples * shape[0], *shape[1:]))


def _sum_of_copies(dy, key, limit, scale, *, samples):
    _, *others = ops.shape(dy)
    apart = ops.reshape(ops.cast(dy, scale.dtype), (samples, -1, *others))
    words = _random.words(key, tuple(ops.shape(apart)))
    kept = _backend.where_kept(words, limit, apart) * scale
    return ops.cast(ops.sum(kept, axis=0), dy.dtype)


drop_copies = _backend.fused(_dropped_copies, _sum_of_copies, _dropped_copies)
