"""Alpha dropout."""

import keras

from kerasreg import _checks, _random
from kerasreg._register import register
from kerasreg.layers.dropout._alpha_drop import alpha_dropped
from kerasreg.layers.dropout._noise_shape import checked_noise_shape, refuse_misfit
from kerasreg.schedules._strength import saved_strength, strength


@register
class AlphaDropout(keras.layers.AlphaDropout):
    """Alpha dropout, for networks with SELU.

    In training, each input is set to alpha' = -1.7581, where SELU saturates, with probability
    `rate`, and an affine map then restores a mean of 0 and a variance of 1:
    `y = a * (x * m + alpha' * (1 - m)) + b`, m = 0 with probability `rate`, else 1,
    `a = ((1 - rate) * (1 + rate * alpha'**2)) ** -0.5`, `b = -a * rate * alpha'`.
    Outside training, `y = x`.
    Drop-in for `keras.layers.AlphaDropout`, with the differences of `kerasreg.layers.Dropout`; a
    dropped NaN or infinity gives the same finite value as any other dropped input.
    No known difference from the paper, which states the probability of keeping a unit,
    `1 - rate`.

    Args:
        rate: Fraction dropped, at least 0 and below 1. A `kerasreg.schedules.Schedule` of the
            layer's training calls is also accepted.
        noise_shape: Shape of the mask, which broadcasts to the input: `(None, 1, None)` drops a
            channel at all steps of a sequence at once. None stands for the input's own size.
            Defaults to None, a mask of the input's shape.
        seed: An integer for a reproducible mask, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of any rank.
        training: Whether to drop. Defaults to False; `fit` passes True.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        TypeError: If an argument is of the wrong kind, or the input is not of floating-point
            numbers.
        ValueError: If `rate` is not at least 0 and below 1, or `noise_shape` is not made of
            positive integers and None or does not broadcast to the input.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.AlphaDropout(0.2, seed=0)
        >>> y = layer(keras.ops.ones((10, 10)), training=True)
        >>> sorted({round(float(value), 3) for value in keras.ops.reshape(y, -1)})
        [-1.236, 1.188]

    Reference:
        Klambauer, Unterthiner, Mayr, Hochreiter 2017, Self-Normalizing Neural Networks, NeurIPS,
        arXiv:1706.02515.
    """

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        # Past Keras' own __init__, which makes no seed generator at rate 0.
        super(keras.layers.AlphaDropout, self).__init__(**kwargs)
        self.rate = strength("rate", rate, self, _checks.fraction_below_one)
        self.noise_shape = checked_noise_shape(noise_shape, self)
        self.seed = seed
        self.seed_generator = _random.seed_generator(seed, self)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs, training=False):
        refuse_misfit(self.noise_shape, inputs.shape, self, training=training)
        if not training or self.rate == 0:
            return inputs
        return alpha_dropped(self, inputs, self.noise_shape)

    def compute_output_shape(self, input_shape):
        refuse_misfit(self.noise_shape, input_shape, self)
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "rate": saved_strength(self.rate),
            "noise_shape": self.noise_shape,
            "seed": _random.seed_config(self.seed),
        }

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call
