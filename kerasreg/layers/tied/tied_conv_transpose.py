"""Convolutions with the transposed kernel of another layer, in one, two and three dimensions."""

import keras

from kerasreg._register import register
from kerasreg.layers.tied import _tied_convolution as tied
from kerasreg.layers.tied._reference import Reference


@register
class TiedConv1DTranspose(keras.layers.Layer):
    """Tied convolution weights, for sequences: the transpose of another layer's convolution.

    As `kerasreg.layers.TiedConv2DTranspose`, and differs from the paper, which is on images, in
    that and as that layer does.

    The transpose of a causal convolution looks ahead, at later steps: it is refused where
    `padding` is not given.

    Args:
        tied_to: A `keras.layers.Conv1D`. It may be built later than this layer is made, but
            before this layer is first called.
        activation: Activation function, its name, or None for none (the default).
        strides: Steps between neighbouring inputs in the output, at least 1: an integer.
            Defaults to None, those of `tied_to`.
        padding: "valid" or "same". Defaults to None, that of `tied_to`.
        output_padding: Places to add at the end of each axis, at least 0 and below the stride:
            an integer. Defaults to None; see `TiedConv2DTranspose`.
        data_format: "channels_last" or "channels_first". Defaults to None, that of `tied_to`.
        dilation_rate: Step between neighbouring kernel values, at least 1: an integer;
            above 1 only with strides of 1. Defaults to None, that of `tied_to`.
        use_bias: Whether to add a bias. Defaults to True.
        bias_initializer: Initializer of the bias. Defaults to "zeros".
        bias_regularizer: Regularizer of the bias, or None (the default).
        activity_regularizer: Regularizer of the outputs, or None (the default).
        bias_constraint: Constraint of the bias, or None (the default).
        **kwargs: `name`, `dtype`, `trainable`, as for every Keras layer.

    Call arguments:
        inputs: Tensor of floats.

    Input shape:
        `(batch, steps, tied_to.filters)`, or `(batch, tied_to.filters,
        steps)` with channels first.

    Output shape:
        `(batch, new_steps, input channels of tied_to)`, or `(batch, input channels of
        tied_to, new_steps)` with channels first.

    Raises:
        TypeError: If `tied_to` is no `keras.layers.Conv1D`, or an argument of the wrong kind.
        ValueError: If a value is out of its range, `tied_to` has causal padding or is not built
            when this layer is, or the channels of the inputs are unknown or not `tied_to.filters`.

    Example:
        >>> import keras, kerasreg
        >>> encoder = keras.layers.Conv1D(8, 5, padding="same")
        >>> decoder = kerasreg.layers.TiedConv1DTranspose(encoder)
        >>> keras.Sequential([keras.Input((20, 3)), encoder, decoder]).output_shape
        (None, 20, 3)

    Reference:
        Masci, Meier, Ciresan, Schmidhuber 2011, Stacked Convolutional Auto-Encoders for
        Hierarchical Feature Extraction, ICANN.
    """

    def __init__(
        self,
        tied_to,
        activation=None,
        *,
        strides=None,
        padding=None,
        output_padding=None,
        data_format=None,
        dilation_rate=None,
        use_bias=True,
        bias_initializer="zeros",
        bias_regularizer=None,
        activity_regularizer=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        places = (strides, padding, output_padding, data_format, dilation_rate)
        tied.set_up(self, keras.layers.Conv1D, tied_to, activation, *places)
        tied.set_up_bias(self, use_bias, bias_initializer, bias_regularizer, bias_constraint)

    tied_to, weights, variables = tied.tied_to, tied.weights, tied.variables
    build, call, compute_output_shape = tied.build, tied.call, tied.compute_output_shape

    def get_config(self):
        return {**super().get_config(), **tied.own_config(self)}

    @classmethod
    def from_config(cls, config):
        tied_to = Reference.from_config(config["tied_to"], keras.layers.Conv1D)
        return cls(**{**config, "tied_to": tied_to})


@register
class TiedConv2DTranspose(keras.layers.Layer):
    """Tied convolution weights: the transpose of another layer's convolution.

    With `W` the kernel of `tied_to`, computes

        y = activation(sum over (i, k) with i * stride + k * dilation - offset = o
                       of W[k] x[i], plus bias)

    at each place `o` of the output: the transpose, as a matrix, of the linear map that `tied_to`
    is, with a bias of its own. `<tied_to(u), x> = <u, y>` holds for every `u` and `x`, biases and
    activations aside. In an autoencoder, where the decoder mirrors the encoder, that halves the
    weights. The groups of `tied_to` are followed, with one convolution each.

    Strides, padding, dilation and data format are those of `tied_to` unless others are given:
    `strides=2` for a decoder that undoes a pooling of 2, for example. Several input sizes of
    `tied_to` lead to one output size where its stride is above 1; `output_padding` says which
    of them this layer returns to.

    The kernel stays one variable, in every layer and model that lists it, as in
    `kerasreg.layers.TiedDense`: trained, counted, penalized and saved once, through
    `load_model`, `clone_model` and `from_config`. `tied_to` owns the kernel, its regularizer and
    its constraint, and `trainable` of `tied_to` alone says whether it is trained; `trainable` of
    this layer is for the bias.

    No known difference from the paper but for the strides, dilations and groups, which it has
    none of.

    Args:
        tied_to: A `keras.layers.Conv2D`. It may be built later than this layer is made, but
            before this layer is first called.
        activation: Activation function, its name, or None for none (the default).
        strides: Steps between neighbouring inputs in the output, at least 1: an integer, or one
            for rows and one for columns. Defaults to None, those of `tied_to`.
        padding: "valid" or "same". Defaults to None, that of `tied_to`.
        output_padding: Places to add at the end of each axis of the output, at least 0 and below
            the stride: an integer, or one for each axis. With `padding="same"`, an output of
            `(inputs - 1) * stride + kernel % 2` places is added to, and a kernel of even
            size needs at least 1. Defaults to None: `inputs * stride` places with
            `padding="same"`, `(inputs - 1) * stride + max(kernel, stride)` with "valid".
        data_format: "channels_last" or "channels_first". Defaults to None, that of `tied_to`.
        dilation_rate: Step between neighbouring kernel values, at least 1: an integer, or one
            for each axis; above 1 only with strides of 1. Defaults to None, that of `tied_to`.
        use_bias: Whether to add a bias. Defaults to True.
        bias_initializer: Initializer of the bias. Defaults to "zeros".
        bias_regularizer: Regularizer of the bias, or None (the default).
        activity_regularizer: Regularizer of the outputs, or None (the default).
        bias_constraint: Constraint of the bias, or None (the default).
        **kwargs: `name`, `dtype`, `trainable`, as for every Keras layer.

    Call arguments:
        inputs: Tensor of floats.

    Input shape:
        `(batch, rows, columns, tied_to.filters)`, or `(batch, tied_to.filters, rows, columns)`
        with channels first.

    Output shape:
        `(batch, new_rows, new_columns, input channels of tied_to)`, or `(batch, input channels of
        tied_to, new_rows, new_columns)` with channels first.

    Raises:
        TypeError: If `tied_to` is no `keras.layers.Conv2D`, or an argument of the wrong kind.
        ValueError: If a value is out of its range, `tied_to` is not built when this layer is, or
            the channels of the inputs are unknown or not `tied_to.filters`.

    Example:
        >>> import keras, kerasreg
        >>> encoder = keras.layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")
        >>> decoder = kerasreg.layers.TiedConv2DTranspose(encoder)
        >>> model = keras.Sequential([keras.Input((28, 28, 1)), encoder, decoder])
        >>> model.output_shape, model.count_params() == 3 * 3 * 16 + 16 + 1
        ((None, 28, 28, 1), True)

    Reference:
        Masci, Meier, Ciresan, Schmidhuber 2011, Stacked Convolutional Auto-Encoders for
        Hierarchical Feature Extraction, ICANN.
    """

    def __init__(
        self,
        tied_to,
        activation=None,
        *,
        strides=None,
        padding=None,
        output_padding=None,
        data_format=None,
        dilation_rate=None,
        use_bias=True,
        bias_initializer="zeros",
        bias_regularizer=None,
        activity_regularizer=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        places = (strides, padding, output_padding, data_format, dilation_rate)
        tied.set_up(self, keras.layers.Conv2D, tied_to, activation, *places)
        tied.set_up_bias(self, use_bias, bias_initializer, bias_regularizer, bias_constraint)

    tied_to, weights, variables = tied.tied_to, tied.weights, tied.variables
    build, call, compute_output_shape = tied.build, tied.call, tied.compute_output_shape

    def get_config(self):
        return {**super().get_config(), **tied.own_config(self)}

    @classmethod
    def from_config(cls, config):
        tied_to = Reference.from_config(config["tied_to"], keras.layers.Conv2D)
        return cls(**{**config, "tied_to": tied_to})


@register
class TiedConv3DTranspose(keras.layers.Layer):
    """Tied convolution weights, for volumes: the transpose of another layer's convolution.

    As `kerasreg.layers.TiedConv2DTranspose`, and differs from the paper, which is on images, in
    that and as that layer does.

    Args:
        tied_to: A `keras.layers.Conv3D`. It may be built later than this layer is made, but
            before this layer is first called.
        activation: Activation function, its name, or None for none (the default).
        strides: Steps between neighbouring inputs in the output, at least 1: an integer, or one
            for each axis. Defaults to None, those of `tied_to`.
        padding: "valid" or "same". Defaults to None, that of `tied_to`.
        output_padding: Places to add at the end of each axis, at least 0 and below the stride:
            an integer, or one for each axis. Defaults to None; see `TiedConv2DTranspose`.
        data_format: "channels_last" or "channels_first". Defaults to None, that of `tied_to`.
        dilation_rate: Step between neighbouring kernel values, at least 1: an integer, or one
            for each axis; above 1 only with strides of 1. Defaults to None, that of `tied_to`.
        use_bias: Whether to add a bias. Defaults to True.
        bias_initializer: Initializer of the bias. Defaults to "zeros".
        bias_regularizer: Regularizer of the bias, or None (the default).
        activity_regularizer: Regularizer of the outputs, or None (the default).
        bias_constraint: Constraint of the bias, or None (the default).
        **kwargs: `name`, `dtype`, `trainable`, as for every Keras layer.

    Call arguments:
        inputs: Tensor of floats.

    Input shape:
        `(batch, planes, rows, columns, tied_to.filters)`, or `(batch, tied_to.filters,
        planes, rows, columns)` with channels first.

    Output shape:
        `(batch, new_planes, new_rows, new_columns, input channels of tied_to)`, or
        `(batch, input channels of tied_to, new_planes, new_rows, new_columns)` with channels
        first.

    Raises:
        TypeError: If `tied_to` is no `keras.layers.Conv3D`, or an argument of the wrong kind.
        ValueError: If a value is out of its range, `tied_to` is not built when this layer
            is, or the channels of the inputs are unknown or not `tied_to.filters`.

    Example:
        >>> import keras, kerasreg
        >>> encoder = keras.layers.Conv3D(8, 2, strides=2)
        >>> decoder = kerasreg.layers.TiedConv3DTranspose(encoder)
        >>> keras.Sequential([keras.Input((4, 6, 8, 1)), encoder, decoder]).output_shape
        (None, 4, 6, 8, 1)

    Reference:
        Masci, Meier, Ciresan, Schmidhuber 2011, Stacked Convolutional Auto-Encoders for
        Hierarchical Feature Extraction, ICANN.
    """

    def __init__(
        self,
        tied_to,
        activation=None,
        *,
        strides=None,
        padding=None,
        output_padding=None,
        data_format=None,
        dilation_rate=None,
        use_bias=True,
        bias_initializer="zeros",
        bias_regularizer=None,
        activity_regularizer=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        places = (strides, padding, output_padding, data_format, dilation_rate)
        tied.set_up(self, keras.layers.Conv3D, tied_to, activation, *places)
        tied.set_up_bias(self, use_bias, bias_initializer, bias_regularizer, bias_constraint)

    tied_to, weights, variables = tied.tied_to, tied.weights, tied.variables
    build, call, compute_output_shape = tied.build, tied.call, tied.compute_output_shape

    def get_config(self):
        return {**super().get_config(), **tied.own_config(self)}

    @classmethod
    def from_config(cls, config):
        tied_to = Reference.from_config(config["tied_to"], keras.layers.Conv3D)
        return cls(**{**config, "tied_to": tied_to})
