"""A dense layer with the transposed kernel of another one."""

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.layers.tied._reference import Reference
from kerasreg.layers.tied._shared_weights import with_shared


@register
class TiedDense(keras.layers.Layer):
    """Tied weights: the transpose of another dense layer's kernel.

    Computes `activation(inputs @ tied_to.kernel.T + bias)` with the kernel of `tied_to` and a
    bias of its own. In an autoencoder, where the decoder mirrors the encoder, that halves the
    weights and keeps encoder and decoder from growing apart.

    The kernel stays one variable, in every layer and model that lists it: it is trained with
    the sum of both layers' gradients, counted, penalized and saved once, and has one slot in
    the optimizer. The tie holds through `load_model`, `clone_model` and `from_config`, where the
    two layers may stand in different nested models. Layers are found by their names: if a custom
    layer makes its `Dense` by itself, it has to give it a fixed name.

    `tied_to` owns the kernel. Its initializer, regularizer, constraint and precision are set
    there, and its `trainable` alone says whether the kernel is trained; `trainable` of this
    layer is for the bias. In a model that has this layer but not `tied_to` (a decoder on
    its own), the kernel is still a weight of the model, trained and saved with it; loaded from
    its own file, such a model has its own copy of `tied_to`.

    No known difference from the paper.

    Args:
        tied_to: A `keras.layers.Dense`. It may be built later than this layer is made, but
            before this layer is first called. It is not quantized; LoRA is followed. Of a layer
            inside of a wrapper such as `WeightNormalization`, the plain kernel counts.
        activation: Activation function, its name, or None for none (the default).
        use_bias: Whether to add a bias. Defaults to True.
        bias_initializer: Initializer of the bias. Defaults to "zeros".
        bias_regularizer: Regularizer of the bias, or None (the default).
        activity_regularizer: Regularizer of the outputs, or None (the default).
        bias_constraint: Constraint of the bias, or None (the default).
        **kwargs: `name`, `dtype`, `trainable`, as for every Keras layer.

    Call arguments:
        inputs: Tensor of floats.

    Input shape:
        `(batch, ..., tied_to.units)`.

    Output shape:
        `(batch, ..., input size of tied_to)`.

    Raises:
        TypeError: If `tied_to` is no `keras.layers.Dense`, or `use_bias` no boolean.
        ValueError: If `tied_to` is quantized, or not built when this layer is; or if the last
            dimension of the inputs is unknown or not `tied_to.units`.

    Example:
        >>> import keras, kerasreg
        >>> encoder = keras.layers.Dense(32, activation="relu")
        >>> decoder = kerasreg.layers.TiedDense(encoder)
        >>> model = keras.Sequential([keras.Input((784,)), encoder, decoder])
        >>> model.count_params() == 784 * 32 + 32 + 784
        True

    Reference:
        Vincent, Larochelle, Lajoie, Bengio, Manzagol 2010, Stacked Denoising Autoencoders:
        Learning Useful Representations in a Deep Network with a Local Denoising Criterion,
        JMLR 11.
    """

    def __init__(
        self,
        tied_to,
        activation=None,
        *,
        use_bias=True,
        bias_initializer="zeros",
        bias_regularizer=None,
        activity_regularizer=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        if not isinstance(tied_to, Reference):
            tied_to = Reference(self._checked(tied_to))
        self._reference = tied_to
        self.activation = keras.activations.get(activation)
        self.use_bias = _checks.boolean("use_bias", use_bias, self)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.bias_constraint = keras.constraints.get(bias_constraint)
        self.bias = None
        self.input_spec = keras.layers.InputSpec(min_ndim=2)
        self.supports_masking = True

    def _checked(self, tied_to):
        expected = "a keras.layers.Dense layer"
        _checks.instance("tied_to", tied_to, self, keras.layers.Dense, expected)
        if tied_to.quantization_mode is not None:
            fix = "Tie to it in full precision, or leave it out when the model is quantized."
            _checks.refuse("tied_to", tied_to, self, "a layer that is not quantized", fix=fix)
        return tied_to

    @property
    def tied_to(self):
        """The dense layer whose kernel this layer uses."""
        return self._reference.layer

    @property
    def units(self):
        """Size of the outputs: the input size of `tied_to`, once that is built."""
        tied_to = self._checked(self.tied_to)
        if not tied_to.built:
            fix = "Call it first, or give its input size: `tied_to.build((None, size))`."
            expected = "a layer that is built, as the size of the outputs is its input size"
            _checks.refuse("tied_to", tied_to, self, expected, fix=fix)
        return tied_to.kernel.shape[0]

    def build(self, input_shape):
        units = self.units
        inputs = self.tied_to.units
        if input_shape[-1] != inputs:
            expected = f"{inputs} as the last dimension, as `tied_to` has {inputs} units"
            _checks.refuse("input_shape", tuple(input_shape), self, expected)
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = keras.layers.InputSpec(min_ndim=2, axes={-1: inputs})

    @property
    def weights(self):
        return with_shared(super().weights, self.tied_to)

    @property
    def variables(self):
        return with_shared(super().variables, self.tied_to)

    def call(self, inputs):
        self._reference.settle()
        kernel = ops.cast(self._checked(self.tied_to).kernel, self.compute_dtype)
        outputs = ops.matmul(inputs, ops.transpose(kernel))
        if self.bias is not None:
            outputs = ops.add(outputs, self.bias)
        return self.activation(outputs)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "tied_to": keras.saving.serialize_keras_object(self.tied_to),
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "bias_regularizer": keras.regularizers.serialize(self.bias_regularizer),
            "bias_constraint": keras.constraints.serialize(self.bias_constraint),
        }

    @classmethod
    def from_config(cls, config):
        tied_to = Reference.from_config(config["tied_to"], keras.layers.Dense)
        return cls(**{**config, "tied_to": tied_to})
