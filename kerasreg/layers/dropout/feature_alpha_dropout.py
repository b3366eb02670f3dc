"""Feature alpha dropout."""

import keras

from kerasreg import _checks, _random
from kerasreg._register import register
from kerasreg.layers.dropout._alpha_drop import alpha_dropped
from kerasreg.layers.dropout._noise_shape import whole_channels
from kerasreg.schedules._strength import saved_strength, strength


@register
class FeatureAlphaDropout(keras.layers.Layer):
    """Alpha dropout of whole channels.

    `kerasreg.layers.AlphaDropout` with one decision for all places of a channel of an example: in
    training, a channel is set to alpha' = -1.7581 as a whole with probability `rate`, and
    `y = a * (x * m + alpha' * (1 - m)) + b` keeps a mean of 0 and a variance of 1. Outside
    training, `y = x`. For convolutional networks with SELU, where neighbours are alike.

    Differs from the papers in joining the two: alpha dropout is of the first, dropping whole
    channels of the second. `torch.nn.FeatureAlphaDropout` does the same, channels first.

    Args:
        rate: Fraction of the channels dropped, at least 0 and below 1. A
            `kerasreg.schedules.Schedule` of the layer's training calls is also accepted.
        data_format: "channels_last" or "channels_first". Defaults to None, Keras'
            `image_data_format`.
        seed: An integer for a reproducible mask, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of rank 2 or more.
        training: Whether to drop. Defaults to False; `fit` passes True.

    Input shape:
        `(batch, ..., channels)`, or `(batch, channels, ...)` with `data_format="channels_first"`.

    Output shape:
        That of the input.

    Raises:
        TypeError: If an argument is of the wrong kind, or the input is not of floating-point
            numbers.
        ValueError: If `rate` is not at least 0 and below 1, or `data_format` is neither form.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.FeatureAlphaDropout(0.2, seed=0)
        >>> y = layer(keras.ops.ones((8, 5, 5, 6)), training=True)
        >>> sums = keras.ops.reshape(keras.ops.sum(y, (1, 2)), -1)
        >>> sorted({round(float(value), 2) for value in sums})
        [-30.9, 29.7]

    Reference:
        Klambauer, Unterthiner, Mayr, Hochreiter 2017, Self-Normalizing Neural Networks, NeurIPS,
        arXiv:1706.02515. Tompson, Goroshin, Jain, LeCun, Bregler 2015, Efficient Object
        Localization Using Convolutional Networks, CVPR, arXiv:1411.4280.
    """

    def __init__(self, rate, *, data_format=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate = strength("rate", rate, self, _checks.fraction_below_one)
        self.data_format = _checks.data_format(data_format, self)
        self.seed = seed
        self.seed_generator = _random.seed_generator(seed, self)
        self.input_spec = keras.layers.InputSpec(min_ndim=2)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs, training=False):
        if not training or self.rate == 0:
            return inputs
        return alpha_dropped(self, inputs, whole_channels(len(inputs.shape), self.data_format))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "rate": saved_strength(self.rate),
            "data_format": self.data_format,
            "seed": _random.seed_config(self.seed),
        }

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call
