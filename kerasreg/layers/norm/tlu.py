"""The thresholded linear unit."""

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._register import register
from kerasreg._statistics._channels import channels, of_channels


@register
class TLU(keras.layers.Layer):
    """Thresholded linear unit: a ReLU whose threshold is learned.

    `y = max(x, tau)`, with a weight tau for each channel, or with `affine=True`
    `y = max(x, alpha * x + tau)`. It belongs after `kerasreg.layers.FilterResponseNormalization`,
    which does not centre its outputs.

    No known difference from the paper. TensorFlow Addons has a tau (and alpha) for each element of
    an example, not for each channel, and so needs maps of a fixed size.

    Args:
        affine: Whether to use the affine form. Defaults to False.
        axis: The axis of the channels, an integer. Use 1 for channels first. Defaults to -1.
        tau_initializer: Initializer of tau. Defaults to "zeros".
        tau_regularizer: Penalty on tau. Defaults to None.
        tau_constraint: Constraint of tau. Defaults to None.
        alpha_initializer: Initializer of alpha. Defaults to "zeros".
        alpha_regularizer: Penalty on alpha. Defaults to None.
        alpha_constraint: Constraint of alpha. Defaults to None.
        **kwargs: Arguments of every Keras layer, such as `name` and `dtype`.

    Call arguments:
        inputs: A float tensor.

    Input shape:
        Any, of rank 2 or more, with the size of `axis` known.

    Output shape:
        The input shape.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If the input has no such axis or does not tell its size.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.TLU(tau_initializer=keras.initializers.Constant(-1.0))
        >>> y = layer(keras.ops.array([[-2.0, -0.5, 3.0]]))
        >>> [float(value) for value in y[0]]
        [-1.0, -0.5, 3.0]

    Reference:
        Singh, Krishnan 2020, Filter Response Normalization Layer: Eliminating Batch Dependence in
        the Training of Deep Neural Networks, CVPR, arXiv:1911.09737.
    """

    def __init__(
        self,
        affine=False,
        *,
        axis=-1,
        tau_initializer="zeros",
        tau_regularizer=None,
        tau_constraint=None,
        alpha_initializer="zeros",
        alpha_regularizer=None,
        alpha_constraint=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.affine = _checks.boolean("affine", affine, self)
        self.axis = _checks.whole("axis", axis, self, low=None)
        self.tau_initializer = keras.initializers.get(tau_initializer)
        self.tau_regularizer = keras.regularizers.get(tau_regularizer)
        self.tau_constraint = keras.constraints.get(tau_constraint)
        self.alpha_initializer = keras.initializers.get(alpha_initializer)
        self.alpha_regularizer = keras.regularizers.get(alpha_regularizer)
        self.alpha_constraint = keras.constraints.get(alpha_constraint)
        self.supports_masking = True

    def build(self, input_shape):
        shape = (channels(input_shape, self.axis, self),)
        self.tau = self.add_weight(
            name="tau",
            shape=shape,
            initializer=self.tau_initializer,
            regularizer=self.tau_regularizer,
            constraint=self.tau_constraint,
        )
        if self.affine:
            self.alpha = self.add_weight(
                name="alpha",
                shape=shape,
                initializer=self.alpha_initializer,
                regularizer=self.alpha_regularizer,
                constraint=self.alpha_constraint,
            )

    def compute_output_shape(self, input_shape):
        channels(input_shape, self.axis, self)
        return input_shape

    def call(self, inputs):
        rank = len(inputs.shape)
        floor = of_channels(ops.convert_to_tensor(self.tau), self.axis % rank, rank)
        if self.affine:
            alpha = of_channels(ops.convert_to_tensor(self.alpha), self.axis % rank, rank)
            floor = alpha * inputs + floor
        return ops.maximum(inputs, floor)

    def get_config(self):
        return {
            **super().get_config(),
            "affine": self.affine,
            "axis": self.axis,
            "tau_initializer": keras.initializers.serialize(self.tau_initializer),
            "tau_regularizer": keras.regularizers.serialize(self.tau_regularizer),
            "tau_constraint": keras.constraints.serialize(self.tau_constraint),
            "alpha_initializer": keras.initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": keras.regularizers.serialize(self.alpha_regularizer),
            "alpha_constraint": keras.constraints.serialize(self.alpha_constraint),
        }
