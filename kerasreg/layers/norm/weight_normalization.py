"""Weight normalization."""

import contextlib

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._backend.own_precision import in_own_precision
from kerasreg._register import register
from kerasreg._statistics._moments import moments
from kerasreg.layers._substituted_weights import (
    checked_weight_names,
    plain_layer,
    rematerialized_call,
    substituted,
)
from kerasreg.layers._unit_axes import inner_axes, unit_weights
from kerasreg.layers._wrapped_layer import (
    in_precision_of,
    output_shape,
    wrapper_arguments,
)

_WITH_DATA_INIT = (
    keras.layers.Dense,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
)
# Sums of squares below it are taken for it, and variances below it for 0.
_LEAST_SQUARES = 1e-12
_LEAST_VARIANCE = 1e-10


@register
class WeightNormalization(keras.layers.Wrapper):
    """Weight normalization: the length of a weight vector is learned apart from its direction.

    The wrapped layer computes with `w = g * v / norm(v)` in place of the weights into each unit. v
    is the layer's own kernel, and the gain g a further weight, a number for each unit, in `gains`
    (one tensor for each kernel). g starts as norm(v): wrapping a layer does not change what it
    computes, so that a trained layer can be wrapped. Penalties and constraints of the layer act
    on v.

    With `data_init=True` the first training batch that is not empty sets g and the bias b of the
    layer such that before its activation each unit has mean 0 and variance 1 over that batch
    (over batch and positions): for `t = v / norm(v) * x`, `g = 1 / sqrt(var(t))` and
    `b = -mean(t) * g`. A unit that does not vary in the batch stays as it was. For this there are
    two more weights, which are not trained, `gain_shift` and `bias_shift`: what the batch added to
    g and b for good. On several replicas it is the mean of what each found.

    Units are the last axis of a kernel; for transposed convolutions and tied layers the last but
    one, for depthwise convolutions the last two. A unit whose v is 0 has weights of 0 and is not
    trained.

    `remove()` returns the plain layer: a layer of its own, with w as its kernel.

    No known difference from the paper. From TensorFlow Addons it differs in that `data_init` is
    False by default, waits for a training batch, and takes v / norm(v), not v, for the
    direction; and in that a recurrent layer has both of its kernels normalized, not the recurrent
    one alone.

    Args:
        layer: The layer whose kernels are normalized. It is not rematerialized.
        data_init: Whether the first training batch sets g and b; for `Dense`, `Conv`, transposed
            and depthwise convolutions. Defaults to False.
        weight_names: Names of the weights to normalize, such as `("recurrent_kernel",)`: every
            weight of that name, in the layer and in layers inside of it. Defaults to None, all
            kernels.
        **kwargs: Keyword arguments of `keras.layers.Layer`. `dtype` defaults to that of `layer`.

    Call arguments:
        inputs: Inputs of the wrapped layer.
        *args: Further positional arguments of the wrapped layer.
        training: Whether this may be the batch that sets g and b. Defaults to False; `fit` passes
            True.
        **kwargs: Further arguments of the wrapped layer, such as `initial_state`.

    Input shape:
        That of the wrapped layer.

    Output shape:
        That of the wrapped layer.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If the layer has no weight of a name or only a vector of it, if it is
            quantized or built for several inputs (`MultiHeadAttention`), or if `data_init` does not
            go with it.
        RuntimeError: If `remove` is called before the layer is built.

    Example:
        >>> import keras, kerasreg
        >>> dense = keras.layers.Dense(2, kernel_initializer="identity")
        >>> layer = kerasreg.layers.WeightNormalization(dense, data_init=True)
        >>> y = layer(keras.ops.array([[-4.0, -4.0], [4.0, 4.0]]), training=True)
        >>> [round(float(value), 3) for value in y[0]]
        [-1.0, -1.0]
        >>> type(layer.remove()).__name__
        'Dense'

    Reference:
        Salimans, Kingma 2016, Weight Normalization: A Simple Reparameterization to Accelerate
        Training of Deep Neural Networks, NeurIPS, arXiv:1602.07868.
    """

    def __init__(self, layer, data_init=False, *, weight_names=None, **kwargs):
        super().__init__(layer, **wrapper_arguments(layer, self, kwargs))
        self.data_init = _checks.boolean("data_init", data_init, self)
        self.weight_names = checked_weight_names(weight_names, self)
        self.supports_masking = layer.supports_masking
        if data_init and not isinstance(layer, _WITH_DATA_INIT):
            kinds = ", ".join(kind.__name__ for kind in _WITH_DATA_INIT)
            fix = f"It goes with one of {kinds}."
            _checks.refuse(
                "data_init", data_init, self, f"False for a {type(layer).__name__}", fix=fix
            )
        if data_init and self.weight_names not in (None, ("kernel",)):
            expected = "None or ('kernel',) with data_init=True"
            _checks.refuse("weight_names", weight_names, self, expected)

    def build(self, input_shape):
        super().build(input_shape)
        self.gains = [
            self.add_weight(
                name=f"{weight.name}_gain",
                shape=tuple(weight.shape[axis] for axis in axes),
                initializer=_norm_of(weight, axes),
                dtype=weight.dtype,
            )
            for weight, axes in self._directions()
        ]
        if self.data_init:
            self._add_shifts()

    def _add_shifts(self):
        def state(name, variable):
            return self.add_weight(
                name=name,
                shape=variable.shape,
                initializer="zeros",
                dtype=variable.dtype,
                trainable=False,
                autocast=False,
                aggregation="mean",
            )

        self.gain_shift = state("gain_shift", self.gains[0])
        self.bias_shift = None
        if self.layer.bias is not None:
            self.bias_shift = state("bias_shift", self.layer.bias)
        # 1 after the batch that set the other two.
        self.initialized = self.add_weight(
            name="initialized",
            shape=(),
            initializer="zeros",
            trainable=False,
            autocast=False,
            aggregation="mean",
        )

    def call(self, inputs, *args, training=False, **kwargs):
        if self.data_init and training and self.trainable:
            self._set_shifts(inputs)
        with substituted(self._normalized(), self):
            outputs = self.layer(inputs, *args, **kwargs)
        return in_precision_of(self, outputs)

    def remove(self):
        """Returns the plain layer with the normalized weights; this one stays as it is."""
        return plain_layer(self._normalized() if self.built else [], self)

    def _directions(self):
        return unit_weights(self.weight_names, self)

    def _normalized(self):
        """Returns the weights with the values that the wrapped layer computes with."""
        gains = [in_own_precision(gain) for gain in self.gains]
        values = []
        if self.data_init:
            gains = [gains[0] + self.gain_shift.value]
            if self.bias_shift is not None:
                bias = self.layer.bias
                values = [(bias, in_own_precision(bias) + self.bias_shift.value)]
        for (weight, axes), gain in zip(self._directions(), gains, strict=True):
            values.append((weight, scaled(in_own_precision(weight), gain, axes)))
        return values

    def _set_shifts(self, inputs):
        shifts = [self.gain_shift, self.bias_shift][: 1 if self.bias_shift is None else 2]
        is_empty = ops.equal(ops.shape(inputs)[0], 0)
        first = ops.logical_and(ops.equal(self.initialized.value, 0), ops.logical_not(is_empty))
        values = ops.cond(
            first,
            lambda: self._shifts_from(inputs),
            lambda: [ops.convert_to_tensor(shift.value) for shift in shifts],
        )
        for shift, value in zip(shifts, values, strict=True):
            shift.assign(value)
        done = ops.logical_or(first, ops.greater(self.initialized.value, 0))
        self.initialized.assign(ops.cast(done, self.initialized.dtype))

    def _shifts_from(self, inputs):
        """Returns what to add to the gain, and to the bias if there is one."""
        (weight, axes), layer = self._directions()[0], self.layer
        gain = ops.stop_gradient(in_own_precision(self.gains[0]))
        direction = scaled(in_own_precision(weight), ops.ones_like(gain), axes)
        values = [(weight, ops.stop_gradient(direction))]
        if layer.bias is not None:
            values.append((layer.bias, ops.zeros_like(in_own_precision(layer.bias))))
        with substituted(values, self), _without_activation(layer):
            # The weight says in which precision this call computes.
            dtype = keras.backend.standardize_dtype(weight.value.dtype)
            outputs = layer.call(ops.cast(ops.stop_gradient(inputs), dtype))
        outputs = ops.cast(outputs, keras.backend.result_type(gain.dtype, "float32"))
        first = getattr(layer, "data_format", None) == "channels_first"
        batch = moments(outputs, 1 if first else len(outputs.shape) - 1)
        varies = batch.variance > _LEAST_VARIANCE
        factor = ops.rsqrt(ops.where(varies, batch.variance, 1))
        wanted = ops.cast(ops.reshape(factor, gain.shape), gain.dtype)
        shifts = [ops.where(ops.reshape(varies, gain.shape), wanted - gain, 0)]
        if layer.bias is not None:
            bias = ops.stop_gradient(in_own_precision(layer.bias))
            wanted = ops.cast(-batch.mean * factor, bias.dtype)
            shifts.append(ops.where(varies, wanted - bias, 0))
        return shifts

    def compute_mask(self, inputs, previous_mask):
        return self.layer.compute_mask(inputs, previous_mask)

    def compute_output_shape(self, input_shape):
        return output_shape(self.layer, input_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "data_init": self.data_init,
            "weight_names": self.weight_names,
        }

    rematerialized_call = rematerialized_call


def scaled(direction, gain, unit_axes):
    """Returns `gain * direction / norm(direction)`, computed in at least float32.

    Args:
        direction: A tensor.
        gain: A number for each unit, of the sizes of `unit_axes`.
        unit_axes: The axes of `direction`, counted from the end, that number the units.
    """
    dtype = keras.backend.result_type(direction.dtype, "float32")
    v, axes = ops.cast(direction, dtype), inner_axes(direction, unit_axes)
    squares = ops.sum(ops.square(v), axis=axes, keepdims=True)
    g = ops.reshape(ops.cast(gain, dtype), squares.shape)
    return ops.cast(v * (ops.rsqrt(ops.maximum(squares, _LEAST_SQUARES)) * g), direction.dtype)


def _norm_of(weight, unit_axes):
    # Called when the variable gets its value: not before the weight itself has one.
    def norm(shape, dtype=None):
        v = in_own_precision(weight)
        v = ops.cast(v, keras.backend.result_type(v.dtype, "float32"))
        squares = ops.sum(ops.square(v), axis=inner_axes(v, unit_axes))
        return ops.cast(ops.reshape(ops.sqrt(squares), shape), dtype)

    return norm


@contextlib.contextmanager
def _without_activation(layer):
    activation = layer.activation
    layer.activation = keras.activations.linear
    try:
        yield
    finally:
        layer.activation = activation
