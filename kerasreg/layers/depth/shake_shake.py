"""Shake-Shake."""

import keras
from keras import ops

from kerasreg import _backend, _checks, _random
from kerasreg._register import register
from kerasreg.layers._working_dtype import working_dtype
from kerasreg.layers.depth._two_branches import merged_mask, merged_shape
from kerasreg.layers.depth._unit import BATCH_OR_SAMPLE, noise_shape

_BRANCHES = "[first branch, second branch]"
_ALPHA, _BETA = 0, 1


@register
class ShakeShake(keras.layers.Layer):
    """Shake-Shake: two residual branches are mixed in random shares.

    In training, `y = alpha * a + (1 - alpha) * b` for the branches a and b, with alpha drawn
    evenly from 0 to 1. The gradient goes back in other shares, `da = beta * dy` and
    `db = (1 - beta) * dy`, with beta drawn apart from alpha. Outside training,
    `y = (a + b) / 2`. Add the shortcut afterwards: `x + ShakeShake()([f1(x), f2(x)])`.

    Differs from the paper in leaving the addition of the shortcut to the model. Since the
    gradient is not that of the output, it does not pass a test by finite differences, and is
    not meant to.

    Args:
        seed: An integer for reproducible shares, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        alpha: "shake", drawn, or "even", 1/2: the share in the forward pass. Defaults to "shake".
        beta: "shake", drawn; "even", 1/2; or "keep", alpha itself, which gives the true gradient:
            the share in the backward pass. Defaults to "shake".
        mode: "sample" or "batch": whether each sample has shares of its own. Defaults to "sample",
            the paper's best ("image").
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: List of two tensors of one shape, the branches.
        training: Whether to draw shares. Defaults to False; `fit` passes True.

    Input shape:
        List of two equal shapes `(batch, ...)`.

    Output shape:
        That of either input.

    Raises:
        TypeError: If an argument is of the wrong kind, or the inputs are not of floating-point
            numbers.
        ValueError: If `alpha`, `beta` or `mode` is none of its forms, or the inputs are not two
            tensors of one shape, of rank 1 or more.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.ShakeShake(seed=0)
        >>> first, second = keras.ops.zeros((1, 2)), keras.ops.full((1, 2), 3.0)
        >>> layer([first, second]).numpy()
        array([[1.5, 1.5]], dtype=float32)

    Reference:
        Gastaldi 2017, Shake-Shake regularization, arXiv:1705.07485.
    """

    def __init__(self, seed=None, *, alpha="shake", beta="shake", mode="sample", **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.alpha = _checks.choice("alpha", alpha, self, ("shake", "even"))
        self.beta = _checks.choice("beta", beta, self, ("shake", "even", "keep"))
        self.mode = _checks.choice("mode", mode, self, BATCH_OR_SAMPLE)
        self.seed_generator = _random.seed_generator(seed, self)
        self.supports_masking = True

    def build(self, input_shape):
        merged_shape(input_shape, self, _BRANCHES)

    def call(self, inputs, training=False):
        first, second = inputs
        dtypes = [working_dtype(branch, self) for branch in inputs]
        if not training:
            # Halves first: in float16 the sum of two numbers above 32752 would be infinite.
            return first * 0.5 + second * 0.5
        key, _ = _random.next_key(self.seed_generator, self)
        keep = self.beta == "keep"
        options = {
            "drawn": (self.alpha == "shake", (self.alpha if keep else self.beta) == "shake"),
            "streams": (_ALPHA, _ALPHA if keep else _BETA),
            "shape": noise_shape(self.mode, first, self),
        }
        return share(first, key, rest=False, dtype=dtypes[0], **options) + share(
            second, key, rest=True, dtype=dtypes[1], **options
        )

    def compute_output_shape(self, input_shape):
        return merged_shape(input_shape, self, _BRANCHES)

    def compute_mask(self, inputs, previous_mask):
        return merged_mask(previous_mask)

    def get_config(self):
        return {
            **super().get_config(),
            "seed": _random.seed_config(self.seed),
            "alpha": self.alpha,
            "beta": self.beta,
            "mode": self.mode,
        }

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


def _taken(x, key, *, drawn, stream, shape, rest, dtype):
    taken = 0.5
    if drawn:
        words = _random.words(key, _random.noise_shape(x, shape), stream)
        taken = ops.cast(_random.uniform(words), dtype)
        taken = 1.0 - taken if rest else taken
    return ops.cast(ops.cast(x, dtype) * taken, x.dtype)


def _forward(x, key, *, drawn, streams, **options):
    return _taken(x, key, drawn=drawn[0], stream=streams[0], **options)


def _backward(dy, key, *, drawn, streams, **options):
    return _taken(dy, key, drawn=drawn[1], stream=streams[1], **options)


share = _backend.fused(_forward, _backward)
