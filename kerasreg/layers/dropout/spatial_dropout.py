"""Spatial dropout."""

import keras

from kerasreg import _checks, _random
from kerasreg._register import register
from kerasreg.layers._working_dtype import working_dtype
from kerasreg.layers.dropout._noise_shape import whole_channels
from kerasreg.layers.dropout.dropout import drop, kept_scale
from kerasreg.schedules._strength import saved_strength, strength, strength_at


@register
class SpatialDropout1D(keras.layers.SpatialDropout1D):
    """Spatial dropout: whole channels of sequences are dropped.

    In training, each channel of each example is set to zero as a whole with probability `rate`,
    independently, and the others are multiplied by `1 / (1 - rate)`: `y = x * m / (1 - rate)`
    with one m, 0 or 1, for all steps of a channel. Outside training, `y = x`. Where
    neighbours are alike, as after a convolution, dropping single values hides nothing.
    Drop-in for `keras.layers.SpatialDropout1D`, with the differences of
    `kerasreg.layers.Dropout`; `trainable` and the dtype policy stay when the layer is saved.
    No known difference from the paper.

    Args:
        rate: Fraction of the channels dropped, between 0 and 1; 1 gives zeros. A
            `kerasreg.schedules.Schedule` of the layer's training calls is also accepted.
        seed: An integer for a reproducible mask, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        name: Name of the layer. Defaults to one made from that of the class.
        dtype: Dtype or dtype policy of the layer. Defaults to Keras' global policy.
        data_format: "channels_last" or "channels_first". Defaults to "channels_last", whatever
            Keras' `image_data_format` is, as in Keras.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of rank 3.
        training: Whether to drop. Defaults to False; `fit` passes True.

    Input shape:
        `(batch, steps, channels)`, or `(batch, channels, steps)` with
        `data_format="channels_first"`.

    Output shape:
        That of the input.

    Raises:
        TypeError: If an argument is of the wrong kind, or the input is not of floating-point
            numbers.
        ValueError: If `rate` is not between 0 and 1, or `data_format` is neither form.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.SpatialDropout1D(0.5, seed=0)
        >>> y = layer(keras.ops.ones((4, 3, 8)), training=True)
        >>> sorted({float(value) for value in keras.ops.reshape(keras.ops.sum(y, 1), -1)})
        [0.0, 6.0]

    Reference:
        Tompson, Goroshin, Jain, LeCun, Bregler 2015, Efficient Object Localization Using
        Convolutional Networks, CVPR, arXiv:1411.4280.
    """

    def __init__(
        self, rate, seed=None, name=None, dtype=None, *, data_format="channels_last", **kwargs
    ):
        # Past Keras' own __init__, which makes no seed generator at rate 0.
        super(keras.layers.Dropout, self).__init__(name=name, dtype=dtype, **kwargs)
        _set_up(self, rate, data_format, seed, rank=3)

    def call(self, inputs, training=False):
        return _dropped_channels(self, inputs, training)

    def get_config(self):
        # Past Keras' own get_config, which loses `trainable` and the dtype policy.
        return {**super(keras.layers.Dropout, self).get_config(), **_own_config(self)}

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


@register
class SpatialDropout2D(keras.layers.SpatialDropout2D):
    """Spatial dropout: whole channels of images are dropped.

    In training, each channel of each example is set to zero as a whole with probability `rate`,
    independently, and the others are multiplied by `1 / (1 - rate)`: `y = x * m / (1 - rate)`
    with one m, 0 or 1, for all places of a channel. Outside training, `y = x`. Where
    neighbours are alike, as after a convolution, dropping single values hides nothing.
    Drop-in for `keras.layers.SpatialDropout2D`, with the differences of
    `kerasreg.layers.Dropout`; `trainable` and the dtype policy stay when the layer is saved.
    No known difference from the paper.

    Args:
        rate: Fraction of the channels dropped, between 0 and 1; 1 gives zeros. A
            `kerasreg.schedules.Schedule` of the layer's training calls is also accepted.
        data_format: "channels_last" or "channels_first". Defaults to None, Keras'
            `image_data_format`.
        seed: An integer for a reproducible mask, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        name: Name of the layer. Defaults to one made from that of the class.
        dtype: Dtype or dtype policy of the layer. Defaults to Keras' global policy.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of rank 4.
        training: Whether to drop. Defaults to False; `fit` passes True.

    Input shape:
        `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
        `data_format="channels_first"`.

    Output shape:
        That of the input.

    Raises:
        TypeError: If an argument is of the wrong kind, or the input is not of floating-point
            numbers.
        ValueError: If `rate` is not between 0 and 1, or `data_format` is neither form.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.SpatialDropout2D(0.5, seed=0)
        >>> y = layer(keras.ops.ones((4, 3, 3, 8)), training=True)
        >>> sorted({float(value) for value in keras.ops.reshape(keras.ops.sum(y, (1, 2)), -1)})
        [0.0, 18.0]

    Reference:
        Tompson, Goroshin, Jain, LeCun, Bregler 2015, Efficient Object Localization Using
        Convolutional Networks, CVPR, arXiv:1411.4280.
    """

    def __init__(self, rate, data_format=None, seed=None, name=None, dtype=None, **kwargs):
        # Past Keras' own __init__, which makes no seed generator at rate 0.
        super(keras.layers.Dropout, self).__init__(name=name, dtype=dtype, **kwargs)
        _set_up(self, rate, data_format, seed, rank=4)

    def call(self, inputs, training=False):
        return _dropped_channels(self, inputs, training)

    def get_config(self):
        # Past Keras' own get_config, which loses `trainable` and the dtype policy.
        return {**super(keras.layers.Dropout, self).get_config(), **_own_config(self)}

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


@register
class SpatialDropout3D(keras.layers.SpatialDropout3D):
    """Spatial dropout: whole channels of volumes are dropped.

    In training, each channel of each example is set to zero as a whole with probability `rate`,
    independently, and the others are multiplied by `1 / (1 - rate)`: `y = x * m / (1 - rate)`
    with one m, 0 or 1, for all places of a channel. Outside training, `y = x`. Where
    neighbours are alike, as after a convolution, dropping single values hides nothing.
    Drop-in for `keras.layers.SpatialDropout3D`, with the differences of
    `kerasreg.layers.Dropout`; `trainable` and the dtype policy stay when the layer is saved.
    No known difference from the paper.

    Args:
        rate: Fraction of the channels dropped, between 0 and 1; 1 gives zeros. A
            `kerasreg.schedules.Schedule` of the layer's training calls is also accepted.
        data_format: "channels_last" or "channels_first". Defaults to None, Keras'
            `image_data_format`.
        seed: An integer for a reproducible mask, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        name: Name of the layer. Defaults to one made from that of the class.
        dtype: Dtype or dtype policy of the layer. Defaults to Keras' global policy.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of rank 5.
        training: Whether to drop. Defaults to False; `fit` passes True.

    Input shape:
        `(batch, depth, rows, columns, channels)`, or `(batch, channels, depth, rows, columns)` with
        `data_format="channels_first"`.

    Output shape:
        That of the input.

    Raises:
        TypeError: If an argument is of the wrong kind, or the input is not of floating-point
            numbers.
        ValueError: If `rate` is not between 0 and 1, or `data_format` is neither form.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.SpatialDropout3D(0.5, seed=0)
        >>> y = layer(keras.ops.ones((4, 2, 3, 3, 8)), training=True)
        >>> sorted({float(value) for value in keras.ops.reshape(keras.ops.sum(y, (1, 2, 3)), -1)})
        [0.0, 36.0]

    Reference:
        Tompson, Goroshin, Jain, LeCun, Bregler 2015, Efficient Object Localization Using
        Convolutional Networks, CVPR, arXiv:1411.4280.
    """

    def __init__(self, rate, data_format=None, seed=None, name=None, dtype=None, **kwargs):
        # Past Keras' own __init__, which makes no seed generator at rate 0.
        super(keras.layers.Dropout, self).__init__(name=name, dtype=dtype, **kwargs)
        _set_up(self, rate, data_format, seed, rank=5)

    def call(self, inputs, training=False):
        return _dropped_channels(self, inputs, training)

    def get_config(self):
        # Past Keras' own get_config, which loses `trainable` and the dtype policy.
        return {**super(keras.layers.Dropout, self).get_config(), **_own_config(self)}

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


def _set_up(layer, rate, data_format, seed, rank):
    layer.rate = strength("rate", rate, layer, _checks.fraction)
    layer.data_format = _checks.data_format(data_format, layer)
    layer.seed = seed
    layer.seed_generator = _random.seed_generator(seed, layer)
    layer.input_spec = keras.layers.InputSpec(ndim=rank)
    layer.supports_masking = True
    layer._build_at_init()


def _dropped_channels(layer, inputs, training):
    if not training or layer.rate == 0:
        return inputs
    dtype = working_dtype(inputs, layer)
    key, step = _random.next_key(layer.seed_generator, layer)
    rate = strength_at(layer.rate, step)
    scale = keras.ops.convert_to_tensor(kept_scale(rate), dtype)
    shape = whole_channels(layer.input_spec.ndim, layer.data_format)
    return drop(inputs, key, _random.limit(rate), scale, noise_shape=shape)


def _own_config(layer):
    return {
        "rate": saved_strength(layer.rate),
        "data_format": layer.data_format,
        "seed": _random.seed_config(layer.seed),
    }
