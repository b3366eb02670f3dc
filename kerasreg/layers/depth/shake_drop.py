"""ShakeDrop."""

import keras
from keras import ops

from kerasreg import _backend, _checks, _random
from kerasreg._register import register
from kerasreg.layers._working_dtype import working_dtype
from kerasreg.layers.depth._other_names import refuse_other_names
from kerasreg.layers.depth._unit import BATCH_OR_SAMPLE, noise_shape
from kerasreg.schedules._strength import saved_strength, strength, strength_at

_GATE, _ALPHA, _BETA = 0, 1, 2


@register
class ShakeDrop(keras.layers.Layer):
    """ShakeDrop: a residual branch is multiplied by random numbers, now and then, even negative.

    In training, `y = (b + alpha - b * alpha) * x`, with b = 0 at probability `rate`, else 1, and
    alpha drawn evenly from its range: the branch passes as it is, or times alpha. The gradient
    goes back with another factor, `dx = (b + beta - b * beta) * dy`: the same b, but beta drawn
    apart from alpha. Outside training, the factor is its expectation,
    `y = (1 - rate + rate * (low + high) / 2) * x` with the range (low, high) of alpha. Place it at
    the end of a residual branch, before the addition: `x + ShakeDrop(rate)(f(x))`.

    Differs from the paper in leaving out alpha and beta for each channel. The paper writes one b
    for a layer, which is `mode="batch"`; published code is divided between that and one b for
    each sample. Since the gradient is not that of the output, it does not pass a test by finite
    differences, and is not meant to.

    Args:
        rate: Fraction of the calls (or samples) in which the branch is disturbed, between 0 and 1:
            one minus the paper's p. A `kerasreg.schedules.Schedule` of the layer's training calls
            is also accepted. Defaults to 0.5, the paper's for the last block; for rates that grow
            with the depth, as in the paper, see `kerasreg.layers.linear_rates`.
        seed: An integer for reproducible draws, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        alpha: Range (low, high) of the forward factor. Defaults to (-1, 1), the paper's; it also
            finds (0, 0) to work.
        beta: Range (low, high) of the backward factor. Defaults to (0, 1), the paper's.
        mode: "batch" or "sample": what b is drawn for. Defaults to "batch".
        level: "batch", "sample" or "element": what alpha and beta are drawn for. Defaults to
            "sample" (the paper's "image").
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of rank 1 or more.
        training: Whether to draw. Defaults to False; `fit` passes True.

    Input shape:
        `(batch, ...)`.

    Output shape:
        That of the input.

    Raises:
        TypeError: If an argument is of the wrong kind, or the input is not of floating-point
            numbers.
        ValueError: If `rate` is not between 0 and 1, or is given by another library's name, such as
            `survival_probability` (the share kept) or `p_drop`; if a range is not two finite
            numbers in order; if `mode` or `level` is none of its forms; or if the input is a
            scalar.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.ShakeDrop(0.5, alpha=(0.0, 1.0), seed=0)
        >>> layer(keras.ops.ones((1, 2))).numpy()
        array([[0.75, 0.75]], dtype=float32)

    Reference:
        Yamada, Iwamura, Akiba, Kise 2019, ShakeDrop Regularization for Deep Residual Learning,
        IEEE Access 7, arXiv:1802.02375.
    """

    def __init__(
        self,
        rate=0.5,
        seed=None,
        *,
        alpha=(-1.0, 1.0),
        beta=(0.0, 1.0),
        mode="batch",
        level="sample",
        **kwargs,
    ):
        refuse_other_names(kwargs, self)
        super().__init__(**kwargs)
        self.rate = strength("rate", rate, self, _checks.fraction)
        self.seed = seed
        self.alpha = _range("alpha", alpha, self)
        self.beta = _range("beta", beta, self)
        self.mode = _checks.choice("mode", mode, self, BATCH_OR_SAMPLE)
        self.level = _checks.choice("level", level, self, (*BATCH_OR_SAMPLE, "element"))
        self.seed_generator = _random.seed_generator(seed, self)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs, training=False):
        dtype = working_dtype(inputs, self)
        if not training:
            return self._at_inference(inputs, dtype)
        if self.rate == 0:
            return inputs
        key, step = _random.next_key(self.seed_generator, self)
        limit = _random.limit(strength_at(self.rate, step))
        ranges = ops.convert_to_tensor([*self.alpha, *self.beta], dtype)
        shapes = tuple(noise_shape(unit, inputs, self) for unit in (self.mode, self.level))
        return disturb(inputs, key, limit, ranges, shapes=shapes)

    def _at_inference(self, inputs, dtype):
        rate = strength_at(self.rate, _random.last_step(self.seed_generator))
        expected = 1.0 - rate + rate * sum(self.alpha) / 2
        # In bfloat16 the factor itself would be off by 0.1 %, the same way for all values.
        return ops.cast(ops.cast(inputs, dtype) * ops.cast(expected, dtype), inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "rate": saved_strength(self.rate),
            "seed": _random.seed_config(self.seed),
            "alpha": self.alpha,
            "beta": self.beta,
            "mode": self.mode,
            "level": self.level,
        }

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


def _range(name, value, owner):
    low, high = _checks.many(name, value, owner, 2, _checks.number, broadcast=False)
    if low > high:
        _checks.refuse(name, value, owner, "(low, high) with low <= high")
    return low, high


def _scaled(x, key, limit, low, high, *, stream, shapes):
    kept = _random.keep(_random.words(key, _random.noise_shape(x, shapes[0]), _GATE), limit)
    words = _random.words(key, _random.noise_shape(x, shapes[1]), stream)
    drawn = low + (high - low) * ops.cast(_random.uniform(words), low.dtype)
    factor = ops.where(kept, ops.ones_like(drawn), drawn)
    return ops.cast(ops.cast(x, low.dtype) * factor, x.dtype)


def _forward(x, key, limit, ranges, *, shapes):
    low, high, _, _ = ops.unstack(ranges, 4)
    return _scaled(x, key, limit, low, high, stream=_ALPHA, shapes=shapes)


def _backward(dy, key, limit, ranges, *, shapes):
    _, _, low, high = ops.unstack(ranges, 4)
    return _scaled(dy, key, limit, low, high, stream=_BETA, shapes=shapes)


disturb = _backend.fused(_forward, _backward)
