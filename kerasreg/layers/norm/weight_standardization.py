"""Weight standardization."""

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._backend.own_precision import in_own_precision
from kerasreg._register import register
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


@register
class WeightStandardization(keras.layers.Wrapper):
    """Weight standardization: the weights into each unit have mean 0 and variance 1.

    The wrapped layer computes with `(W - mean) / sqrt(variance + epsilon)` in place of each kernel
    W, with the mean and the (biased) variance of the weights into one unit, in training and
    outside of it. Gradients go through both. It is meant for convolutions before a
    `keras.layers.GroupNormalization`, where batches are too small for batch normalization. What is
    saved, penalized and constrained is W.

    Units are the last axis of a kernel; for transposed convolutions and tied layers the last but
    one, for depthwise convolutions the last two.

    No known difference from the paper. Of its authors' code, one version adds `epsilon` to the
    standard deviation, and takes the unbiased one.

    Args:
        layer: The layer whose kernels are standardized. It is not rematerialized.
        epsilon: What is added to the variance, a float above 0. Defaults to 1e-5.
        weight_names: Names of the weights to standardize, such as `("recurrent_kernel",)`: every
            weight of that name, in the layer and in layers inside of it. Defaults to None, all
            kernels.
        **kwargs: Keyword arguments of `keras.layers.Layer`. `dtype` defaults to that of `layer`.

    Call arguments:
        inputs: Inputs of the wrapped layer.
        *args: Further positional arguments of the wrapped layer.
        **kwargs: Further arguments of the wrapped layer, such as `training`.

    Input shape:
        That of the wrapped layer.

    Output shape:
        That of the wrapped layer.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `epsilon` is not above 0, if the layer has no weight of a name or only a
            vector of it, if a unit has one weight only, or if the layer is quantized.
        RuntimeError: If `remove` is called before the layer is built.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.WeightStandardization(keras.layers.Conv2D(8, 3))
        >>> tuple(layer(keras.ops.ones((2, 5, 4, 3))).shape)
        (2, 3, 2, 8)
        >>> type(layer.remove()).__name__
        'Conv2D'

    Reference:
        Qiao, Wang, Liu, Shen, Yuille 2019, Micro-Batch Training with Batch-Channel Normalization
        and Weight Standardization, arXiv:1903.10520.
    """

    def __init__(self, layer, *, epsilon=1e-5, weight_names=None, **kwargs):
        super().__init__(layer, **wrapper_arguments(layer, self, kwargs))
        self.epsilon = _checks.positive("epsilon", epsilon, self)
        self.weight_names = checked_weight_names(weight_names, self)
        self.supports_masking = layer.supports_masking

    def build(self, input_shape):
        super().build(input_shape)
        for weight, axes in unit_weights(self.weight_names, self):
            if all(weight.shape[axis] == 1 for axis in inner_axes(weight, axes)):
                expected = f"a layer with two weights or more into each unit of {weight.name!r}"
                _checks.refuse("layer", self.layer, self, expected)

    def call(self, inputs, *args, **kwargs):
        with substituted(self._standardized(), self):
            outputs = self.layer(inputs, *args, **kwargs)
        return in_precision_of(self, outputs)

    def remove(self):
        """Returns the plain layer with the standardized weights; this one stays as it is."""
        return plain_layer(self._standardized() if self.built else [], self)

    def _standardized(self):
        return [
            (weight, standardized(in_own_precision(weight), inner_axes(weight, axes), self.epsilon))
            for weight, axes in unit_weights(self.weight_names, self)
        ]

    def compute_mask(self, inputs, previous_mask):
        return self.layer.compute_mask(inputs, previous_mask)

    def compute_output_shape(self, input_shape):
        return output_shape(self.layer, input_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "weight_names": self.weight_names,
        }

    rematerialized_call = rematerialized_call


def standardized(weight, axes, epsilon: float):
    """Returns `(weight - mean) / sqrt(variance + epsilon)`, computed in at least float32.

    Args:
        weight: A tensor.
        axes: The axes over which mean and variance are taken.
        epsilon: What is added to the variance.
    """
    w = ops.cast(weight, keras.backend.result_type(weight.dtype, "float32"))
    deviation = w - ops.mean(w, axis=axes, keepdims=True)
    variance = ops.mean(ops.square(deviation), axis=axes, keepdims=True)
    return ops.cast(deviation * ops.rsqrt(variance + epsilon), weight.dtype)
