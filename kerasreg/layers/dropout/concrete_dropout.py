"""Concrete dropout."""

import math
from typing import Any

import keras
from keras import ops

from kerasreg import _backend, _checks, _random
from kerasreg._backend.own_precision import in_own_precision
from kerasreg._register import register
from kerasreg.layers._substituted_weights import weights_named
from kerasreg.layers._wrapped_layer import (
    in_precision_of,
    output_shape,
    wrapper_arguments,
)
from kerasreg.layers.dropout._with_mask import with_mask


@register
class ConcreteDropout(keras.layers.Wrapper):
    """Concrete dropout: the rate is learned with the weights.

    In training, the inputs of the wrapped layer are dropped softly, by a relaxation of the
    Bernoulli variable through which the gradient reaches the rate p:
    `z = sigmoid((log(p / (1 - p)) + log(u / (1 - u))) / temperature)`, u uniform in (0, 1), and
    `layer(x * (1 - z) / (1 - p))`. In front of a convolution (a layer with `data_format` and
    `kernel_size`) whole channels are dropped. Outside training, the output is `layer(x)`.

    In and outside training, it adds to the loss of the model, once however often it is called,
    `weight_regularizer * sum(W**2) / (1 - p) + dropout_regularizer * K * (p log p + (1 - p)
    log(1 - p))`, with the kernels W of the layer and K inputs (channels). For N examples, a prior
    length scale l and a model precision tau, the paper's values are `l**2 / (tau * N)` and
    `2 / (tau * N)` for the squared error, and half of the latter for cross-entropy; they add up
    over layers, and replace a `kernel_regularizer`. They are the regularizer of the logit, the
    layer's own weight, computed in at least float32; a layer that is not trainable has no penalty.

    Differs from the paper in the first term, which there is multiplied by 1 - p: W here is, as in
    the authors' code, what the paper calls `(1 - p) * M`. Differs from that code in K: the last
    axis of the inputs (for channels first, the second), not the product of all but the batch. The
    logarithms need no added constant here, as the logit is what is learned.

    Args:
        layer: The layer whose inputs are dropped. It has a kernel.
        weight_regularizer: Factor of the kernels' penalty, 0 or more. Defaults to 1e-6.
        dropout_regularizer: Factor of the entropy, 0 or more. Defaults to 1e-5.
        seed: An integer for reproducible masks, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        temperature: Temperature of the relaxation, above 0; at 0 the mask would be hard.
            Defaults to 0.1.
        initial_rate: The rate to start from, between 0 and 1, or a range `(low, high)` within
            which it is drawn, uniformly in its logit. Defaults to 0.1.
        **kwargs: Keyword arguments of `keras.layers.Layer`. `dtype` defaults to that of `layer`.

    Call arguments:
        inputs: Inputs of the wrapped layer, one tensor of floats.
        training: Whether to drop. Defaults to False; `fit` passes True.
        mask: Mask of the inputs. Defaults to the one that goes with them.
        **kwargs: Further arguments of the wrapped layer, such as `initial_state`.

    Input shape:
        That of the wrapped layer, with a known last axis (channel axis).

    Output shape:
        That of the wrapped layer.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If a factor is negative, if `temperature` is not above 0, `initial_rate` not
            between 0 and 1, if the layer has no kernel, or the size of the inputs is not known.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.ConcreteDropout(keras.layers.Dense(8), initial_rate=0.25)
        >>> tuple(layer(keras.ops.ones((2, 3)), training=True).shape)
        (2, 8)
        >>> round(layer.rate, 6)
        0.25

    Reference:
        Gal, Hron, Kendall 2017, Concrete Dropout, NeurIPS, arXiv:1705.07832.
    """

    def __init__(
        self,
        layer,
        weight_regularizer=1e-6,
        dropout_regularizer=1e-5,
        seed=None,
        *,
        temperature=0.1,
        initial_rate=0.1,
        **kwargs,
    ):
        super().__init__(layer, **wrapper_arguments(layer, self, kwargs))
        factor = _checks.number
        self.weight_regularizer = factor("weight_regularizer", weight_regularizer, self, low=0)
        self.dropout_regularizer = factor("dropout_regularizer", dropout_regularizer, self, low=0)
        self.seed = seed
        self.seed_generator = _random.seed_generator(seed, self)
        self.temperature = _checks.positive("temperature", temperature, self)
        self.initial_rate = _checked_initial_rate(initial_rate, self)
        self.rate_logit: Any = None
        self.supports_masking = layer.supports_masking

    def build(self, input_shape):
        super().build(input_shape)
        weights_named(None, self)
        self._number_of_inputs = input_shape[self._unit_axis()]
        if self._number_of_inputs is None:
            expected = "a known number of inputs (channels), which the penalty needs"
            _checks.refuse("input_shape", tuple(input_shape), self, expected)
        low, high = _range(self.initial_rate)
        seed = self.seed_generator.get_config()["seed"]
        self.rate_logit = self.add_weight(
            name="rate_logit",
            shape=(),
            initializer=keras.initializers.RandomUniform(_logit(low), _logit(high), seed=seed),
            regularizer=self._penalty,
            dtype=keras.backend.result_type(self.variable_dtype, "float32"),
            autocast=False,
        )

    @property
    def rate(self):
        """The rate at this moment, a Python float."""
        if self.rate_logit is None:
            reason = "The rate is a weight of the layer, which is not built."
            _checks.impossible(self, reason, fix="Call the layer, or its `build`, first.")
        return float(ops.convert_to_numpy(ops.sigmoid(self.rate_logit.value)))

    def call(self, inputs, training=False, mask=None, **kwargs):
        inputs = ops.cast(inputs, self.layer.compute_dtype)
        if training:
            inputs = self._dropped(inputs)
        return in_precision_of(self, self.layer(with_mask(inputs, mask), **kwargs))

    def _dropped(self, inputs):
        key, _ = _random.next_key(self.seed_generator, self)
        noise = draw(ops.stop_gradient(inputs), key, noise_shape=self._noise_shape(inputs))
        logit = self.rate_logit.value
        noise = ops.cast(ops.stop_gradient(noise), logit.dtype)
        mask = concrete_mask(logit, noise, self.temperature)
        return ops.cast(ops.cast(inputs, logit.dtype) * mask, inputs.dtype)

    def _penalty(self, logit):
        logit = ops.convert_to_tensor(logit)
        weights = weights_named(None, self)
        kernels = [ops.cast(in_own_precision(weight), logit.dtype) for weight in weights]
        factors = self.weight_regularizer, self.dropout_regularizer
        return concrete_penalty(logit, kernels, self._number_of_inputs, *factors)

    def _noise_shape(self, inputs):
        if not self._drops_channels():
            return None
        shape = [None] + [1] * (len(inputs.shape) - 1)
        shape[self._unit_axis()] = None
        return tuple(shape)

    def _drops_channels(self):
        return hasattr(self.layer, "data_format") and hasattr(self.layer, "kernel_size")

    def _unit_axis(self):
        first = self._drops_channels() and self.layer.data_format == "channels_first"
        return 1 if first else -1

    def compute_mask(self, inputs, previous_mask):
        return self.layer.compute_mask(inputs, previous_mask)

    def compute_output_shape(self, input_shape):
        return output_shape(self.layer, input_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "weight_regularizer": self.weight_regularizer,
            "dropout_regularizer": self.dropout_regularizer,
            "seed": _random.seed_config(self.seed),
            "temperature": self.temperature,
            "initial_rate": self.initial_rate,
        }

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


def concrete_mask(logit, noise, temperature):
    """Returns `(1 - z) / (1 - p)`, by which inputs are multiplied.

    Args:
        logit: `log(p / (1 - p))` of the rate p.
        noise: `log(u / (1 - u))` of uniform numbers u.
        temperature: Temperature, above 0.
    """
    return ops.sigmoid(-(logit + noise) / temperature) / ops.sigmoid(-logit)


def concrete_penalty(logit, kernels, inputs, weight_regularizer, dropout_regularizer):
    """Returns the two terms that are added to the loss.

    Args:
        logit: `log(p / (1 - p))` of the rate p.
        kernels: The layer's kernels.
        inputs: Number of inputs that are dropped independently.
        weight_regularizer: Factor of the kernels' term.
        dropout_regularizer: Factor of the entropy.
    """
    rate, kept = ops.sigmoid(logit), ops.sigmoid(-logit)
    squares = sum(ops.sum(ops.square(kernel)) for kernel in kernels)
    negative_entropy = -rate * ops.softplus(-logit) - kept * ops.softplus(logit)
    return weight_regularizer * squares / kept + dropout_regularizer * inputs * negative_entropy


def _drawn(x, key, *, noise_shape):
    return _random.logistic(_random.words(key, _random.noise_shape(x, noise_shape)))


draw = _backend.fused(_drawn)


def _logit(rate):
    return math.log(rate) - math.log1p(-rate)


def _range(initial_rate):
    return initial_rate if isinstance(initial_rate, tuple) else (initial_rate, initial_rate)


def _checked_initial_rate(value, owner):
    if not isinstance(value, tuple | list):
        return _checked_open_fraction("initial_rate", value, owner)
    low, high = _checks.many("initial_rate", value, owner, 2, _checked_open_fraction)
    if low > high:
        _checks.refuse("initial_rate", value, owner, "a range (low, high) with low <= high")
    return low, high


def _checked_open_fraction(name, value, owner):
    result = _checks.fraction(name, value, owner)
    if result in (0, 1):
        expected = "a float value between 0 and 1, neither of them included"
        _checks.refuse(name, value, owner, expected)
    return result
