"""What the tied convolutions of one, two and three dimensions have in common.

The functions are methods of all three classes, or called by them with the layer.
"""

import keras
from keras import ops

from kerasreg import _checks
from kerasreg.layers.tied._reference import Reference
from kerasreg.layers.tied._shared_weights import with_shared
from kerasreg.layers.tied._transposed_convolution import (
    output_size,
    span,
    transposed_convolution,
)


def set_up(
    layer, kind, tied_to, activation, strides, padding, output_padding, data_format, dilation_rate
):
    """Checks and keeps the arguments of the convolution; `kind` is the class of `tied_to`."""
    if not isinstance(tied_to, Reference):
        expected = f"a keras.layers.{kind.__name__} layer"
        tied_to = Reference(_checks.instance("tied_to", tied_to, layer, kind, expected))
    layer._reference = tied_to
    layer.activation = keras.activations.get(activation)
    layer.strides = _sizes("strides", strides, layer, 1)
    layer.padding = _choice("padding", padding, layer, ("valid", "same"))
    layer.output_padding = _sizes("output_padding", output_padding, layer, 0)
    layer.data_format = _choice(
        "data_format", data_format, layer, ("channels_last", "channels_first")
    )
    layer.dilation_rate = _sizes("dilation_rate", dilation_rate, layer, 1)
    _check_together(layer)


def set_up_bias(layer, use_bias, bias_initializer, bias_regularizer, bias_constraint):
    """Checks and keeps the arguments of the bias."""
    layer.use_bias = _checks.boolean("use_bias", use_bias, layer)
    layer.bias_initializer = keras.initializers.get(bias_initializer)
    layer.bias_regularizer = keras.regularizers.get(bias_regularizer)
    layer.bias_constraint = keras.constraints.get(bias_constraint)
    layer.bias = None


def _rank(layer):
    return len(layer.tied_to.kernel_size)


def _choice(name, value, layer, options):
    return None if value is None else _checks.choice(name, value, layer, options)


def _sizes(name, value, layer, low):
    """Returns an argument with a value for each axis, as it was passed but for NumPy's types."""

    def size(name, value, owner):
        return _checks.whole(name, value, owner, low=low)

    return None if value is None else _checks.one_or_many(name, value, layer, _rank(layer), size)


def _effective(layer, name):
    """Returns an argument of the convolution, that of `tied_to` where the layer was given none."""
    value = getattr(layer, name)
    if value is None:
        value = getattr(layer.tied_to, name)
    return (value,) * _rank(layer) if isinstance(value, int) else value


def _axes(layer):
    """Yields the kernel's span, the stride and the output padding of each axis."""
    dilations = _effective(layer, "dilation_rate")
    padding = layer.output_padding
    paddings = padding if isinstance(padding, tuple) else (padding,) * _rank(layer)
    for size, dilation, stride, added in zip(
        layer.tied_to.kernel_size, dilations, _effective(layer, "strides"), paddings, strict=True
    ):
        yield span(size, dilation), stride, added


def _check_together(layer):
    padding = _effective(layer, "padding")
    if padding == "causal":
        fix = 'The transpose of a causal convolution looks ahead; if it may, give `padding="same"`.'
        _checks.refuse("tied_to", layer.tied_to, layer, "a layer without causal padding", fix=fix)
    dilations, strides = _effective(layer, "dilation_rate"), _effective(layer, "strides")
    if max(dilations) > 1 and max(strides) > 1:
        name = "strides" if layer.dilation_rate is None else "dilation_rate"
        expected = "1, as strides and dilations above 1 do not go together"
        _checks.refuse(name, getattr(layer, name), layer, expected)
    if layer.output_padding is None:
        return
    for reach, stride, added in _axes(layer):
        if added >= stride:
            expected = f"less than the stride, {stride}, along each axis"
            _checks.refuse("output_padding", layer.output_padding, layer, expected)
        if padding == "same" and reach % 2 + added == 0:
            expected = 'at least 1 where the kernel has an even size and the padding is "same"'
            _checks.refuse("output_padding", layer.output_padding, layer, expected)


def _filters(layer):
    """Returns the channels of the outputs: those of the inputs of `tied_to`."""
    tied_to = layer.tied_to
    if not tied_to.built:
        fix = "Call it first, or give its input shape: `tied_to.build(shape)`."
        expected = "a layer that is built, as the channels of the outputs are those of its inputs"
        _checks.refuse("tied_to", tied_to, layer, expected, fix=fix)
    return tied_to.kernel.shape[-2] * tied_to.groups


def _channel_axis(layer):
    return 1 if _effective(layer, "data_format") == "channels_first" else _rank(layer) + 1


def build(self, input_shape):
    """Makes the bias; the kernel is there already."""
    filters = _filters(self)
    _checks.rank("input_shape", input_shape, self, _rank(self) + 2)
    axis, channels = _channel_axis(self), self.tied_to.filters
    if input_shape[axis] != channels:
        expected = f"{channels} channels on axis {axis}, as `tied_to` has {channels} filters"
        _checks.refuse("input_shape", tuple(input_shape), self, expected)
    if self.use_bias:
        self.bias = self.add_weight(
            name="bias",
            shape=(filters,),
            initializer=self.bias_initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )
    self.input_spec = keras.layers.InputSpec(ndim=_rank(self) + 2, axes={axis: channels})


def call(self, inputs):
    """Returns the activation of the transposed convolution."""
    self._reference.settle()
    outputs = transposed_convolution(
        inputs,
        ops.cast(self.tied_to.kernel, self.compute_dtype),
        groups=self.tied_to.groups,
        strides=_effective(self, "strides"),
        padding=_effective(self, "padding"),
        output_padding=tuple(added for *_, added in _axes(self))
        if self.output_padding is not None
        else None,
        data_format=_effective(self, "data_format"),
        dilation_rate=_effective(self, "dilation_rate"),
    )
    if self.bias is not None:
        shape = [1] * (_rank(self) + 2)
        shape[_channel_axis(self)] = -1
        outputs = ops.add(outputs, ops.reshape(self.bias, shape))
    return self.activation(outputs)


def compute_output_shape(self, input_shape):
    """Returns the shape of the outputs; sizes that are unknown stay so."""
    channel_axis, padding = _channel_axis(self), _effective(self, "padding")
    sizes = [size for axis, size in enumerate(input_shape) if axis not in (0, channel_axis)]
    shape = [
        output_size(size, reach, stride, padding, added)
        for size, (reach, stride, added) in zip(sizes, _axes(self), strict=True)
    ]
    shape.insert(channel_axis - 1, _filters(self))
    return (input_shape[0], *shape)


def own_config(layer):
    """Returns the constructor arguments that are not those of every layer."""
    return {
        "tied_to": keras.saving.serialize_keras_object(layer.tied_to),
        "activation": keras.activations.serialize(layer.activation),
        "strides": layer.strides,
        "padding": layer.padding,
        "output_padding": layer.output_padding,
        "data_format": layer.data_format,
        "dilation_rate": layer.dilation_rate,
        "use_bias": layer.use_bias,
        "bias_initializer": keras.initializers.serialize(layer.bias_initializer),
        "bias_regularizer": keras.regularizers.serialize(layer.bias_regularizer),
        "bias_constraint": keras.constraints.serialize(layer.bias_constraint),
    }


def _tied_to(self):
    """The convolution whose kernel this layer uses."""
    return self._reference.layer


def _weights(self):
    return with_shared(keras.layers.Layer.weights.fget(self), self.tied_to)


def _variables(self):
    return with_shared(keras.layers.Layer.variables.fget(self), self.tied_to)


tied_to = property(_tied_to)
weights = property(_weights)
variables = property(_variables)
