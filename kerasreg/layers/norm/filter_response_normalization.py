"""Filter response normalization."""

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._register import register
from kerasreg._statistics._channels import channels, of_channels
from kerasreg._statistics._masked_values import put_back, taken_out
from kerasreg._statistics._moments import aligned_mask, mask_axes


@register
class FilterResponseNormalization(keras.layers.Layer):
    """Filter response normalization: each map is divided by its own root mean square.

    Each channel of each example is normalized on its own, with
    `y = gamma * x / sqrt(mean(x**2) + epsilon) + beta`, where the mean is over all positions. No
    example depends on another, and training and inference are the same. No mean is subtracted: the
    paper puts `kerasreg.layers.TLU` after it in place of a ReLU, for the bias that comes of it.

    Where a channel has one position only (dense layers, maps of 1x1) `x / sqrt(x**2 + epsilon)`
    is nearly the sign of x, and the paper has `epsilon` learned: with `learned_epsilon=True`,
    `epsilon + abs(e)` takes the place of `epsilon`, with a weight e that starts at 1e-4.

    No known difference from the paper. Like TensorFlow Addons it has one e for the layer; unlike
    there, inputs may have any rank and unknown sizes, and `axis` is that of the channels.

    Args:
        epsilon: What is added to the mean square, a float above 0. Defaults to 1e-6.
        axis: The axis of the channels, an integer. Use 1 for channels first. Defaults to -1.
        beta_initializer: Initializer of `beta`. Defaults to "zeros".
        gamma_initializer: Initializer of `gamma`. Defaults to "ones".
        beta_regularizer: Penalty on `beta`. Defaults to None.
        gamma_regularizer: Penalty on `gamma`. Defaults to None.
        beta_constraint: Constraint of `beta`. Defaults to None.
        gamma_constraint: Constraint of `gamma`. Defaults to None.
        learned_epsilon: Whether a learned number is added to `epsilon`. Defaults to False.
        learned_epsilon_constraint: Constraint of that number. Defaults to None.
        **kwargs: Arguments of every Keras layer, such as `name` and `dtype`.

    Call arguments:
        inputs: A float tensor.
        mask: Booleans, False for the positions that the mean leaves out (they are normalized all
            the same). Its axes are those of the input in their order, without the channels.

    Input shape:
        Any, of rank 2 or more, with the size of `axis` known.

    Output shape:
        The input shape.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range, the input has no such axis or does not
            tell its size, or a mask does not fit.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.FilterResponseNormalization()
        >>> y = layer(keras.ops.array([[[3.0], [4.0], [0.0], [0.0]]]))
        >>> [round(float(value), 3) for value in y[0, :, 0]]
        [1.2, 1.6, 0.0, 0.0]

    Reference:
        Singh, Krishnan 2020, Filter Response Normalization Layer: Eliminating Batch Dependence in
        the Training of Deep Neural Networks, CVPR, arXiv:1911.09737.
    """

    def __init__(
        self,
        epsilon=1e-6,
        *,
        axis=-1,
        beta_initializer="zeros",
        gamma_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_constraint=None,
        gamma_constraint=None,
        learned_epsilon=False,
        learned_epsilon_constraint=None,
        **kwargs,
    ):
        # Float16 ends at 65504: inputs keep their precision until they are normalized.
        super().__init__(**{**kwargs, "autocast": False})
        self.epsilon = _checks.positive("epsilon", epsilon, self)
        self.axis = _checks.whole("axis", axis, self, low=None)
        self.beta_initializer = keras.initializers.get(beta_initializer)
        self.gamma_initializer = keras.initializers.get(gamma_initializer)
        self.beta_regularizer = keras.regularizers.get(beta_regularizer)
        self.gamma_regularizer = keras.regularizers.get(gamma_regularizer)
        self.beta_constraint = keras.constraints.get(beta_constraint)
        self.gamma_constraint = keras.constraints.get(gamma_constraint)
        self.learned_epsilon = _checks.boolean("learned_epsilon", learned_epsilon, self)
        self.learned_epsilon_constraint = keras.constraints.get(learned_epsilon_constraint)
        self.supports_masking = True

    def build(self, input_shape):
        shape = (channels(input_shape, self.axis, self),)
        self.gamma = self.add_weight(
            name="gamma",
            shape=shape,
            initializer=self.gamma_initializer,
            regularizer=self.gamma_regularizer,
            constraint=self.gamma_constraint,
            autocast=False,
        )
        self.beta = self.add_weight(
            name="beta",
            shape=shape,
            initializer=self.beta_initializer,
            regularizer=self.beta_regularizer,
            constraint=self.beta_constraint,
            autocast=False,
        )
        if self.learned_epsilon:
            self.epsilon_weight = self.add_weight(
                name="learned_epsilon",
                shape=(),
                initializer=keras.initializers.Constant(1e-4),
                constraint=self.learned_epsilon_constraint,
                autocast=False,
            )

    def compute_output_shape(self, input_shape):
        channels(input_shape, self.axis, self)
        return input_shape

    def compute_output_spec(self, inputs, mask=None):
        channels(inputs.shape, self.axis, self)
        if mask is not None:
            mask_axes(mask.shape, inputs.shape, self.axis % len(inputs.shape), self)
        return keras.KerasTensor(inputs.shape, dtype=self.compute_dtype)

    def call(self, inputs, mask=None):
        axis = self.axis % len(inputs.shape)
        x = ops.cast(inputs, keras.backend.result_type(self.compute_dtype, "float32"))
        if mask is not None:
            mask = aligned_mask(mask, inputs.shape, axis, self)
            x, removed = taken_out(x, mask)
        epsilon = self.epsilon
        if self.learned_epsilon:
            epsilon = epsilon + ops.abs(ops.cast(self.epsilon_weight, x.dtype))
        gamma = ops.cast(self.gamma, x.dtype)
        factor, beta = (
            of_channels(value, axis, len(x.shape))
            for value in (gamma, ops.cast(self.beta, x.dtype))
        )
        outputs = factor * (x * ops.rsqrt(mean_square(x, axis, mask) + epsilon)) + beta
        if mask is not None:
            outputs = put_back(outputs, removed, gamma, axis)
        return ops.cast(outputs, self.compute_dtype)

    def get_config(self):
        initializer, regularizer, constraint = (
            keras.initializers.serialize,
            keras.regularizers.serialize,
            keras.constraints.serialize,
        )
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "axis": self.axis,
            "beta_initializer": initializer(self.beta_initializer),
            "gamma_initializer": initializer(self.gamma_initializer),
            "beta_regularizer": regularizer(self.beta_regularizer),
            "gamma_regularizer": regularizer(self.gamma_regularizer),
            "beta_constraint": constraint(self.beta_constraint),
            "gamma_constraint": constraint(self.gamma_constraint),
            "learned_epsilon": self.learned_epsilon,
            "learned_epsilon_constraint": constraint(self.learned_epsilon_constraint),
        }


def mean_square(x, axis: int, mask=None):
    """Returns the mean of `x**2` over all axes but the first and `axis`, which have size 1.

    Args:
        x: The data.
        axis: The channels' axis, not negative.
        mask: None, or booleans that broadcast against `x`. A channel that it masks whole has 1.
    """
    axes = [i for i in range(1, x.ndim) if i != axis]
    squares = ops.square(x)
    if not axes:
        return squares
    if mask is None:
        return ops.mean(squares, axis=axes, keepdims=True)
    kept = ops.cast(ops.broadcast_to(mask, ops.shape(x)), x.dtype)
    count = ops.sum(kept, axis=axes, keepdims=True)
    total = ops.sum(ops.where(mask, squares, 0), axis=axes, keepdims=True)
    return ops.where(count > 0, total / ops.maximum(count, 1), 1)
