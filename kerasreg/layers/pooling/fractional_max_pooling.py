"""Fractional max pooling in one, two and three dimensions."""

import keras

from kerasreg import _random
from kerasreg._register import register
from kerasreg.layers.pooling._fractional import output_shape, own_config, pooled, set_up
from kerasreg.layers.pooling._pool import max_pool


@register
class FractionalMaxPooling1D(keras.layers.Layer):
    """Fractional max pooling of sequences.

    As `kerasreg.layers.FractionalMaxPooling2D`, with one spatial axis. Differs from the
    paper, which is on images, in that and as `FractionalMaxPooling2D` does.

    Args:
        pool_ratio: By how much an axis shrinks, at least 1; between 1 and 2 in the paper. Where it
            divides the size, all regions are alike.
        seed: An integer for reproducible regions, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        overlapping: Whether neighbouring regions share a position. Defaults to False.
        sequence: "pseudorandom" (the default), which suits training with dropout or augmentation,
            or "random", which regularizes more.
        samples: Outside training, 0 (the default) for regular regions, or the number of draws
            whose outputs are averaged. The draws are the same in all calls.
        data_format: "channels_last" or "channels_first". Defaults to None, Keras'
            `image_data_format`.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of rank 3.
        training: Whether to draw regions. Defaults to False; `fit` passes True.

    Input shape:
        `(batch, steps, channels)`, or `(batch, channels, steps)`
        with `data_format="channels_first"`.

    Output shape:
        `(batch, pooled steps, channels)`, or the same
        with channels first. A pooled axis is `floor(size / pool_ratio)` long; one that nothing is
        known of until a graph runs, and that is shorter than its ratio, has length 1.

    Raises:
        TypeError: If an argument is of the wrong kind, or the input is not of floating-point
            numbers.
        ValueError: If a ratio is below 1 or larger than its axis, `samples` is negative,
            `sequence` or `data_format` is neither form, or the input is of another rank.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.FractionalMaxPooling1D(1.5, seed=1, sequence="random")
        >>> x = keras.ops.reshape(keras.ops.arange(9.0), (1, 9, 1))
        >>> for _ in range(2):
        ...     print(keras.ops.convert_to_numpy(layer(x, training=True))[0, :, 0])
        [1. 2. 3. 4. 6. 8.]
        [1. 2. 3. 5. 6. 8.]

    Reference:
        Graham 2014, Fractional Max-Pooling, arXiv:1412.6071.
    """

    def __init__(
        self,
        pool_ratio,
        seed=None,
        *,
        overlapping=False,
        sequence="pseudorandom",
        samples=0,
        data_format=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        set_up(self, 1, pool_ratio, seed, overlapping, sequence, samples, data_format)

    def build(self, input_shape):
        output_shape(self, 1, input_shape)

    def call(self, inputs, training=False):
        return pooled(self, 1, inputs, training, max_pool)

    def compute_output_shape(self, input_shape):
        return output_shape(self, 1, input_shape)

    def get_config(self):
        return {**super().get_config(), **own_config(self)}

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


@register
class FractionalMaxPooling2D(keras.layers.Layer):
    """Fractional max pooling of images: regions of random sizes between two integers.

    Each axis of `size` positions is cut into `floor(size / pool_ratio)` regions, and the largest
    value of each is kept: on images, of each rectangle of a region of rows and one of columns. With
    n regions and `alpha = size / n`, each is `floor(alpha)` or `ceil(alpha)` positions long. Which
    are the longer ones is drawn anew at each training call, for the batch and all channels at once:

        sequence="pseudorandom":  a_i = floor(alpha * i + p / n), p drawn from 0 ... n - 1
        sequence="random":        the longer regions stand in a random order among the others

    for i = 0 ... n, where region i goes from a_i to a_(i+1) - 1, or to a_(i+1) with
    `overlapping=True`, which leaves out what lies behind the axis. Outside training the regions are
    regular, the pseudorandom ones with p = n // 2: none is farther than half a position from
    alpha * i. `kerasreg.models.mc_predict` draws regions in prediction, and averages predictions.
    The gradient of an output goes to one position: the first of the largest in its region, first
    along the last pooled axis. Regions are the same for one seed in eager calls, graphs and XLA
    and in every precision.

    Differs from the paper, whose pseudorandom regions are a_i = ceil(alpha * (i + u)) with u from
    (0, 1), in shifting these so that they always begin at 0 and end at `size`, and in drawing each
    of the shifted sequences with the same probability: cut off as in the paper, the first and
    the last region would come out too long or too short. Regions overlap by one position, as
    there. The paper averages the predictions of several passes of the network, as `mc_predict`
    does; `samples` averages the outputs of this layer.

    Args:
        pool_ratio: By how much an axis shrinks, at least 1; between 1 and 2 in the paper. Where it
            divides the size, all regions are alike. A number, or one for rows and one for columns.
        seed: An integer for reproducible regions, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        overlapping: Whether neighbouring regions share a position. Defaults to False.
        sequence: "pseudorandom" (the default), which suits training with dropout or augmentation,
            or "random", which regularizes more.
        samples: Outside training, 0 (the default) for regular regions, or the number of draws
            whose outputs are averaged. The draws are the same in all calls.
        data_format: "channels_last" or "channels_first". Defaults to None, Keras'
            `image_data_format`.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of rank 4.
        training: Whether to draw regions. Defaults to False; `fit` passes True.

    Input shape:
        `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
        with `data_format="channels_first"`.

    Output shape:
        `(batch, pooled rows, pooled columns, channels)`, or the same
        with channels first. A pooled axis is `floor(size / pool_ratio)` long; one that nothing is
        known of until a graph runs, and that is shorter than its ratio, has length 1.

    Raises:
        TypeError: If an argument is of the wrong kind, or the input is not of floating-point
            numbers.
        ValueError: If a ratio is below 1 or larger than its axis, `samples` is negative,
            `sequence` or `data_format` is neither form, or the input is of another rank.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.FractionalMaxPooling2D(1.41, seed=1)
        >>> tuple(layer(keras.ops.ones((8, 56, 40, 3)), training=True).shape)
        (8, 39, 28, 3)

    Reference:
        Graham 2014, Fractional Max-Pooling, arXiv:1412.6071.
    """

    def __init__(
        self,
        pool_ratio,
        seed=None,
        *,
        overlapping=False,
        sequence="pseudorandom",
        samples=0,
        data_format=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        set_up(self, 2, pool_ratio, seed, overlapping, sequence, samples, data_format)

    def build(self, input_shape):
        output_shape(self, 2, input_shape)

    def call(self, inputs, training=False):
        return pooled(self, 2, inputs, training, max_pool)

    def compute_output_shape(self, input_shape):
        return output_shape(self, 2, input_shape)

    def get_config(self):
        return {**super().get_config(), **own_config(self)}

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


@register
class FractionalMaxPooling3D(keras.layers.Layer):
    """Fractional max pooling of volumes or videos.

    As `kerasreg.layers.FractionalMaxPooling2D`, with one more axis. Differs from the paper,
    which is on images, in that and as `FractionalMaxPooling2D` does.

    Args:
        pool_ratio: By how much an axis shrinks, at least 1; between 1 and 2 in the paper. Where it
            divides the size, all regions are alike. A number, or one for each spatial axis.
        seed: An integer for reproducible regions, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        overlapping: Whether neighbouring regions share a position. Defaults to False.
        sequence: "pseudorandom" (the default), which suits training with dropout or augmentation,
            or "random", which regularizes more.
        samples: Outside training, 0 (the default) for regular regions, or the number of draws
            whose outputs are averaged. The draws are the same in all calls.
        data_format: "channels_last" or "channels_first". Defaults to None, Keras'
            `image_data_format`.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of rank 5.
        training: Whether to draw regions. Defaults to False; `fit` passes True.

    Input shape:
        `(batch, depth, rows, columns, channels)`, or `(batch, channels, depth, rows, columns)`
        with `data_format="channels_first"`.

    Output shape:
        `(batch, pooled depth, pooled rows, pooled columns, channels)`, or the same
        with channels first. A pooled axis is `floor(size / pool_ratio)` long; one that nothing is
        known of until a graph runs, and that is shorter than its ratio, has length 1.

    Raises:
        TypeError: If an argument is of the wrong kind, or the input is not of floating-point
            numbers.
        ValueError: If a ratio is below 1 or larger than its axis, `samples` is negative,
            `sequence` or `data_format` is neither form, or the input is of another rank.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.FractionalMaxPooling3D((1, 1.5, 1.5), seed=1)
        >>> tuple(layer(keras.ops.ones((2, 4, 24, 18, 3)), training=True).shape)
        (2, 4, 16, 12, 3)

    Reference:
        Graham 2014, Fractional Max-Pooling, arXiv:1412.6071.
    """

    def __init__(
        self,
        pool_ratio,
        seed=None,
        *,
        overlapping=False,
        sequence="pseudorandom",
        samples=0,
        data_format=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        set_up(self, 3, pool_ratio, seed, overlapping, sequence, samples, data_format)

    def build(self, input_shape):
        output_shape(self, 3, input_shape)

    def call(self, inputs, training=False):
        return pooled(self, 3, inputs, training, max_pool)

    def compute_output_shape(self, input_shape):
        return output_shape(self, 3, input_shape)

    def get_config(self):
        return {**super().get_config(), **own_config(self)}

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call
