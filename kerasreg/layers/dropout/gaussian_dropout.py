"""Gaussian dropout."""

import keras
from keras import ops

from kerasreg import _backend, _checks, _random
from kerasreg._register import register
from kerasreg.layers._working_dtype import working_dtype
from kerasreg.schedules._strength import saved_strength, strength, strength_at


@register
class GaussianDropout(keras.layers.GaussianDropout):
    """Gaussian dropout: multiplicative normal noise.

    In training, `y = x * (1 + sigma * n)` with n standard normal, drawn for each input, and
    `sigma = sqrt(rate / (1 - rate))`: the mean and the variance of dropout with the same `rate`.
    Outside training, `y = x`.
    Drop-in for `keras.layers.GaussianDropout`; what differs: `rate` may follow a schedule, the
    noise is not stored for the gradient, it is the same for one seed (to float32 rounding) in
    eager calls, graphs and XLA, it differs between replicas, and its state is saved with the
    model. Noise is computed in float32 and reaches 6.3 standard deviations.
    No known difference from the paper, which states the probability of keeping a unit,
    `1 - rate`.

    Args:
        rate: Drop rate of the dropout that has the same variance, at least 0 and below 1. A
            `kerasreg.schedules.Schedule` of the layer's training calls is also accepted.
        seed: An integer for reproducible noise, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of any rank.
        training: Whether to add noise. Defaults to False; `fit` passes True.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        TypeError: If an argument is of the wrong kind, or the input is not of floating-point
            numbers.
        ValueError: If `rate` is not at least 0 and below 1.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.GaussianDropout(0.2, seed=0)
        >>> y = layer(keras.ops.ones((100, 100)), training=True)
        >>> round(float(keras.ops.std(y)), 1)
        0.5

    Reference:
        Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014, Dropout: A Simple Way to
        Prevent Neural Networks from Overfitting, JMLR 15, section 10.
    """

    def __init__(self, rate, seed=None, **kwargs):
        # Past Keras' own __init__, which makes no seed generator at rate 0.
        super(keras.layers.GaussianDropout, self).__init__(**kwargs)
        self.rate = strength("rate", rate, self, _checks.fraction_below_one)
        self.seed = seed
        self.seed_generator = _random.seed_generator(seed, self)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs, training=False):
        if not training or self.rate == 0:
            return inputs
        dtype = working_dtype(inputs, self)
        key, step = _random.next_key(self.seed_generator, self)
        rate = strength_at(self.rate, step)
        sigma = ops.convert_to_tensor(noise_stddev(rate), dtype)
        return multiply_noise(inputs, key, sigma)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "rate": saved_strength(self.rate),
            "seed": _random.seed_config(self.seed),
        }

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


def noise_stddev(rate):
    """Returns `sqrt(rate / (1 - rate))`."""
    return (rate / (1.0 - rate)) ** 0.5


def apply(x, noise, sigma):
    """Returns `x * (1 + sigma * noise)` in the dtype of `x`, computed in that of `sigma`."""
    factor = 1.0 + sigma * ops.cast(noise, sigma.dtype)
    return ops.cast(ops.cast(x, sigma.dtype) * factor, x.dtype)


def _drawn(x, key, sigma):
    return apply(x, _random.normal(_random.words(key, ops.shape(x))), sigma)


multiply_noise = _backend.fused(_drawn)
