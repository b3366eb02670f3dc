"""Stochastic pooling in one, two and three dimensions."""

import keras

from kerasreg import _random
from kerasreg._register import register
from kerasreg.layers.pooling._stochastic import output_shape, own_config, pooled, set_up


@register
class StochasticPooling1D(keras.layers.Layer):
    """Stochastic pooling of sequences.

    As `kerasreg.layers.StochasticPooling2D`, with one spatial axis. Differs from the paper, which
    is on images, in that and as `StochasticPooling2D` does.

    Args:
        pool_size: Size of a window, at least 1: an integer.
            Defaults to 2.
        strides: Distance between windows, likewise. Defaults to None, that of `pool_size`.
        padding: "valid" (the default), windows that lie within the input, or "same", as many as
            there are strides.
        data_format: "channels_last" or "channels_first". Defaults to None, Keras'
            `image_data_format`.
        seed: An integer for reproducible draws, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of rank 3.
        training: Whether to draw. Defaults to False; `fit` passes True.

    Input shape:
        `(batch, steps, channels)`, or `(batch, channels, steps)`
        with `data_format="channels_first"`.

    Output shape:
        That of Keras' pooling layers: along each pooled axis `(size - pool_size) // strides + 1`
        with `padding="valid"`, `ceil(size / strides)` with `padding="same"`.

    Raises:
        TypeError: If an argument is of the wrong kind, or the input is not of floating-point
            numbers.
        ValueError: If a size or a stride is below 1, `padding` or `data_format` is neither form,
            the input is of another rank or has no room for a window (where its size is not known
            while a graph is traced, the output has size 0 instead).

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.StochasticPooling1D(4, seed=1)
        >>> x = keras.ops.reshape(keras.ops.array([1.0, 0.0, 3.0, 0.0]), (1, 4, 1))
        >>> float(layer(x)[0, 0, 0])  # (1 * 1 + 3 * 3) / (1 + 3)
        2.5

    Reference:
        Zeiler, Fergus 2013, Stochastic Pooling for Regularization of Deep Convolutional Neural
        Networks, arXiv:1301.3557.
    """

    def __init__(
        self, pool_size=2, strides=None, padding="valid", data_format=None, *, seed=None, **kwargs
    ):
        super().__init__(**kwargs)
        set_up(self, 1, pool_size, strides, padding, data_format, seed)

    def build(self, input_shape):
        output_shape(self, 1, input_shape)

    def call(self, inputs, training=False):
        return pooled(self, 1, inputs, training)

    def compute_output_shape(self, input_shape):
        return output_shape(self, 1, input_shape)

    def get_config(self):
        return {**super().get_config(), **own_config(self)}

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


@register
class StochasticPooling2D(keras.layers.Layer):
    """Stochastic pooling: a region gives a member that is drawn in proportion to its value.

    In training, each region of the windows of ordinary pooling gives one of its members, drawn
    with a probability proportional to its value; outside training, the mean under these
    probabilities:

        p_i = a_i / sum_k a_k
        y = a_l, l drawn from p         in training
        y = sum_i p_i * a_i             outside training

    with activations `a = max(x, 0)` of a region, summed in single precision or more. The gradient
    of a drawn value goes to the member that it came from. Each region, of each example and channel,
    is drawn on its own; a draw is the same for one seed in eager calls, graphs and XLA. The
    gradient keeps the number of the member, one byte as a rule, not the activations. Members are
    read one by one: work and the time to compile grow with the positions of a window, so this is
    for windows of the usual sizes, not for pooling a whole image.

    Differs from the paper in what the paper leaves open: it has activations that are not negative,
    from `relu`. Here negative values count as zeros, which are never drawn, and a region that has
    nothing above zero gives zero, and no gradient. Members in the padding do not take part. In
    training, a region whose sum is not finite gives the member with which it became so: NaN and
    infinity stay in sight.

    Args:
        pool_size: Size of a window, at least 1: an integer, or one for rows and one for columns.
            Defaults to 2.
        strides: Distance between windows, likewise. Defaults to None, that of `pool_size`.
        padding: "valid" (the default), windows that lie within the input, or "same", as many as
            there are strides.
        data_format: "channels_last" or "channels_first". Defaults to None, Keras'
            `image_data_format`.
        seed: An integer for reproducible draws, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of rank 4.
        training: Whether to draw. Defaults to False; `fit` passes True.

    Input shape:
        `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
        with `data_format="channels_first"`.

    Output shape:
        That of Keras' pooling layers: along each pooled axis `(size - pool_size) // strides + 1`
        with `padding="valid"`, `ceil(size / strides)` with `padding="same"`.

    Raises:
        TypeError: If an argument is of the wrong kind, or the input is not of floating-point
            numbers.
        ValueError: If a size or a stride is below 1, `padding` or `data_format` is neither form,
            the input is of another rank or has no room for a window (where its size is not known
            while a graph is traced, the output has size 0 instead).

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.StochasticPooling2D(2, seed=1)
        >>> x = keras.ops.tile(keras.ops.reshape([1.0, 0.0, 0.0, 3.0], (1, 2, 2, 1)), (1, 1, 6, 1))
        >>> print(keras.ops.convert_to_numpy(layer(x, training=True))[0, 0, :, 0])
        [3. 1. 3. 3. 3. 3.]

    Reference:
        Zeiler, Fergus 2013, Stochastic Pooling for Regularization of Deep Convolutional Neural
        Networks, arXiv:1301.3557.
    """

    def __init__(
        self, pool_size=2, strides=None, padding="valid", data_format=None, *, seed=None, **kwargs
    ):
        super().__init__(**kwargs)
        set_up(self, 2, pool_size, strides, padding, data_format, seed)

    def build(self, input_shape):
        output_shape(self, 2, input_shape)

    def call(self, inputs, training=False):
        return pooled(self, 2, inputs, training)

    def compute_output_shape(self, input_shape):
        return output_shape(self, 2, input_shape)

    def get_config(self):
        return {**super().get_config(), **own_config(self)}

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


@register
class StochasticPooling3D(keras.layers.Layer):
    """Stochastic pooling of volumes or videos.

    As `kerasreg.layers.StochasticPooling2D`, with one more axis. Differs from the paper, which is
    on images, in that and as `StochasticPooling2D` does.

    Args:
        pool_size: Size of a window, at least 1: an integer, or one for each spatial axis.
            Defaults to 2.
        strides: Distance between windows, likewise. Defaults to None, that of `pool_size`.
        padding: "valid" (the default), windows that lie within the input, or "same", as many as
            there are strides.
        data_format: "channels_last" or "channels_first". Defaults to None, Keras'
            `image_data_format`.
        seed: An integer for reproducible draws, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of rank 5.
        training: Whether to draw. Defaults to False; `fit` passes True.

    Input shape:
        `(batch, depth, rows, columns, channels)`, or `(batch, channels, depth, rows, columns)`
        with `data_format="channels_first"`.

    Output shape:
        That of Keras' pooling layers: along each pooled axis `(size - pool_size) // strides + 1`
        with `padding="valid"`, `ceil(size / strides)` with `padding="same"`.

    Raises:
        TypeError: If an argument is of the wrong kind, or the input is not of floating-point
            numbers.
        ValueError: If a size or a stride is below 1, `padding` or `data_format` is neither form,
            the input is of another rank or has no room for a window (where its size is not known
            while a graph is traced, the output has size 0 instead).

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.StochasticPooling3D((1, 2, 2))
        >>> tuple(layer(keras.ops.ones((2, 4, 8, 6, 3)), training=True).shape)
        (2, 4, 4, 3, 3)

    Reference:
        Zeiler, Fergus 2013, Stochastic Pooling for Regularization of Deep Convolutional Neural
        Networks, arXiv:1301.3557.
    """

    def __init__(
        self, pool_size=2, strides=None, padding="valid", data_format=None, *, seed=None, **kwargs
    ):
        super().__init__(**kwargs)
        set_up(self, 3, pool_size, strides, padding, data_format, seed)

    def build(self, input_shape):
        output_shape(self, 3, input_shape)

    def call(self, inputs, training=False):
        return pooled(self, 3, inputs, training)

    def compute_output_shape(self, input_shape):
        return output_shape(self, 3, input_shape)

    def get_config(self):
        return {**super().get_config(), **own_config(self)}

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call
