"""DropBlock in one, two and three dimensions."""

import keras
from keras import ops

from kerasreg import _checks, _random
from kerasreg._register import register
from kerasreg.layers._working_dtype import working_dtype
from kerasreg.layers.dropout._blocks import drop_blocks, seed_limit, seed_rate
from kerasreg.schedules._strength import saved_strength, strength, strength_at


@register
class DropBlock1D(keras.layers.Layer):
    """DropBlock: runs of neighbouring steps of a sequence are dropped.

    As `kerasreg.layers.DropBlock2D`, with blocks of `block_size` consecutive steps. Differs from
    the paper, which is on images, in that and as `DropBlock2D` does.

    Args:
        rate: Nominal fraction dropped, between 0 and 1; see `DropBlock2D`. A
            `kerasreg.schedules.Schedule` of the layer's training calls is also accepted.
        block_size: Steps of a block, at least 1; those beyond the sequence's do not count.
        seed: An integer for a reproducible mask, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        data_format: "channels_last" or "channels_first". Defaults to None, Keras'
            `image_data_format`.
        per_channel: Whether each channel of an example has a mask of its own, or all share one.
            Defaults to True.
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
        ValueError: If `rate` is not between 0 and 1, a size of a block is below 1, `data_format`
            is neither form, or the input is not of rank 3.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.DropBlock1D(0.3, block_size=4, seed=1)
        >>> y = layer(keras.ops.ones((1, 20, 1)), training=True)
        >>> "".join("x" if value else "-" for value in keras.ops.reshape(y, -1))
        'x----xxxxxxxxx----xx'

    Reference:
        Ghiasi, Lin, Le 2018, DropBlock: A regularization method for convolutional networks,
        NeurIPS, arXiv:1810.12890.
    """

    def __init__(
        self, rate, block_size, seed=None, *, data_format=None, per_channel=True, **kwargs
    ):
        super().__init__(**kwargs)
        _set_up(self, 1, rate, block_size, seed, data_format, per_channel)

    def build(self, input_shape):
        _checks.rank("input_shape", input_shape, self, 3)

    def call(self, inputs, training=False):
        return _called(self, 1, inputs, training)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), **_own_config(self)}

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


@register
class DropBlock2D(keras.layers.Layer):
    """DropBlock: square or rectangular regions of feature maps are dropped.

    In training, every place where a whole block fits in the map is a seed with probability gamma,
    independently; all values in the block of a seed are set to zero, and the others are
    multiplied by `count / count_kept`, both counted over the whole mask of a call:

        gamma = rate * H * W / (h * w) / ((H - h + 1) * (W - w + 1))
        y = x * m * count(m) / sum(m)

    with a map of (H, W), blocks of (h, w), and m = 0 in a block, else 1. Outside training,
    `y = x`. Where neighbours are alike, as after a convolution, dropping single values hides
    nothing. Because blocks overlap, the share dropped is a little below `rate`: on the average
    of the positions p, `1 - (1 - gamma)**n(p)`, n(p) being the number of blocks that could cover
    p. But for the scale, blocks of one value are plain dropout, and blocks as large as the map
    are spatial dropout. A call that drops everything gives zeros, and so does a dropped NaN or
    infinity. The mask is the same for one seed in eager calls, graphs and XLA and in every
    precision; for the gradient it is kept with one bit per value.

    Differs from the paper in what the paper leaves open: the formula of gamma for maps and blocks
    that are not square; a block that is longer than the map covers the map; a block begins at its
    seed instead of having it in its centre, which an even block has none of (the blocks fall in
    the same places with the same probability); the counts are taken over the whole batch (of
    one replica, where there are several). The paper states the probability of keeping a value,
    `1 - rate`, and raises the rate linearly from 0 in training: give
    `kerasreg.schedules.Linear(0.0, rate, steps)`. As in the paper, inference does nothing.

    Args:
        rate: Nominal fraction dropped, between 0 and 1: that of blocks without overlap. A
            `kerasreg.schedules.Schedule` of the layer's training calls is also accepted.
        block_size: Size of a block, at least 1: an integer, or one for rows and one for columns.
        seed: An integer for a reproducible mask, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        data_format: "channels_last" or "channels_first". Defaults to None, Keras'
            `image_data_format`.
        per_channel: Whether each channel of an example has a mask of its own, or all share one.
            Defaults to True.
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
        ValueError: If `rate` is not between 0 and 1, a size of a block is below 1, `data_format`
            is neither form, or the input is not of rank 4.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.DropBlock2D(0.2, block_size=(7, 3), seed=1)
        >>> y = layer(keras.ops.ones((4, 14, 10, 8)), training=True)
        >>> round(float(keras.ops.mean(y)), 3)
        1.0

    Reference:
        Ghiasi, Lin, Le 2018, DropBlock: A regularization method for convolutional networks,
        NeurIPS, arXiv:1810.12890.
    """

    def __init__(
        self, rate, block_size, seed=None, *, data_format=None, per_channel=True, **kwargs
    ):
        super().__init__(**kwargs)
        _set_up(self, 2, rate, block_size, seed, data_format, per_channel)

    def build(self, input_shape):
        _checks.rank("input_shape", input_shape, self, 4)

    def call(self, inputs, training=False):
        return _called(self, 2, inputs, training)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), **_own_config(self)}

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


@register
class DropBlock3D(keras.layers.Layer):
    """DropBlock: boxes of volumes or of videos are dropped.

    As `kerasreg.layers.DropBlock2D`, with one more axis. Differs from the paper, which is on
    images, in that and as `DropBlock2D` does.

    Args:
        rate: Nominal fraction dropped, between 0 and 1; see `DropBlock2D`. A
            `kerasreg.schedules.Schedule` of the layer's training calls is also accepted.
        block_size: Size of a block, at least 1: an integer, or one for each spatial axis.
        seed: An integer for a reproducible mask, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        data_format: "channels_last" or "channels_first". Defaults to None, Keras'
            `image_data_format`.
        per_channel: Whether each channel of an example has a mask of its own, or all share one.
            Defaults to True.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of rank 5.
        training: Whether to drop. Defaults to False; `fit` passes True.

    Input shape:
        `(batch, depth, rows, columns, channels)`, or `(batch, channels, depth, rows, columns)`
        with `data_format="channels_first"`.

    Output shape:
        That of the input.

    Raises:
        TypeError: If an argument is of the wrong kind, or the input is not of floating-point
            numbers.
        ValueError: If `rate` is not between 0 and 1, a size of a block is below 1, `data_format`
            is neither form, or the input is not of rank 5.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.DropBlock3D(0.2, block_size=3, seed=1)
        >>> y = layer(keras.ops.ones((2, 6, 6, 6, 8)), training=True)
        >>> round(float(keras.ops.mean(y)), 3)
        1.0

    Reference:
        Ghiasi, Lin, Le 2018, DropBlock: A regularization method for convolutional networks,
        NeurIPS, arXiv:1810.12890.
    """

    def __init__(
        self, rate, block_size, seed=None, *, data_format=None, per_channel=True, **kwargs
    ):
        super().__init__(**kwargs)
        _set_up(self, 3, rate, block_size, seed, data_format, per_channel)

    def build(self, input_shape):
        _checks.rank("input_shape", input_shape, self, 5)

    def call(self, inputs, training=False):
        return _called(self, 3, inputs, training)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), **_own_config(self)}

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


def _set_up(layer, dimensions, rate, block_size, seed, data_format, per_channel):
    layer.rate = strength("rate", rate, layer, _checks.fraction)
    layer.block_size = _checks.one_or_many("block_size", block_size, layer, dimensions, _length)
    layer.seed = seed
    layer.data_format = _checks.data_format(data_format, layer)
    layer.per_channel = _checks.boolean("per_channel", per_channel, layer)
    layer.seed_generator = _random.seed_generator(seed, layer)
    layer.supports_masking = True


def _length(name, value, owner):
    return _checks.whole(name, value, owner, low=1)


def _called(layer, dimensions, inputs, training):
    if not training or layer.rate == 0:
        return inputs
    dtype = working_dtype(inputs, layer)
    key, step = _random.next_key(layer.seed_generator, layer)
    axis = 1 if layer.data_format == "channels_first" else dimensions + 1
    block = _checks.many("block_size", layer.block_size, layer, dimensions, _length)
    sizes = [size for each, size in enumerate(ops.shape(inputs)) if each not in (0, axis)]
    limit = seed_limit(seed_rate(strength_at(layer.rate, step), sizes, block))
    shared = not layer.per_channel
    return drop_blocks(inputs, key, limit, block=block, axis=axis, shared=shared, dtype=dtype)


def _own_config(layer):
    return {
        "rate": saved_strength(layer.rate),
        "block_size": layer.block_size,
        "seed": _random.seed_config(layer.seed),
        "data_format": layer.data_format,
        "per_channel": layer.per_channel,
    }
