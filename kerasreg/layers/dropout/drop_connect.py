"""DropConnect, and the weight drop of AWD-LSTM."""

import math

import keras
from keras import ops

from kerasreg import _backend, _checks, _random
from kerasreg._register import register
from kerasreg.layers._substituted_weights import (
    checked_weight_names,
    substituted,
    weights_named,
)
from kerasreg.layers._working_dtype import working_dtype
from kerasreg.layers._wrapped_layer import (
    in_precision_of,
    output_shape,
    wrapper_arguments,
)
from kerasreg.layers.dropout.dropout import kept_scale
from kerasreg.schedules._strength import saved_strength, strength, strength_at

_LEAST_VARIANCE = 1e-37


@register
class DropConnect(keras.layers.Wrapper):
    """DropConnect: weights are dropped instead of units.

    In training, the wrapped layer computes with `W * M / (1 - rate)` in place of its weights W,
    where each element of M is 0 with probability `rate`, else 1. Only kept weights get a gradient
    from that call. What is saved, penalized, constrained and counted are the weights themselves.

    One mask serves the whole batch and, in a recurrent layer, all time steps: with the recurrent
    kernel of an LSTM this is the weight drop of AWD-LSTM. Any layer of one input can be wrapped,
    `Bidirectional` and models included; wrap a recurrent layer, not its cell, which is called (and
    would draw) at each step. With `per_example=True`, for `Dense`, each example of the batch has
    its own mask. That takes memory and time for a kernel per example: some four tensors of
    `batch * inputs * units` numbers in training.

    Outside training the layer computes with its weights as they are, the mean of the masked ones.
    With `inference="gaussian"`, for `Dense`, `W x` is instead taken to be normal with the mean
    and the variance that the masks give it, `mean = W x` and
    `variance = rate / (1 - rate) * W**2 x**2`, and the output is the mean of the activation over
    `samples` draws. These depend on `seed` and on the number of training calls so far alone, and
    serve all examples (and time steps): the same input gives the same output, in any batch.

    Differs from the paper in the scale of kept weights in training instead of at inference (the
    paper has `W * M` in training, and states the probability of keeping a weight, `1 - rate`), and
    in leaving the bias alone. The paper's own masks are those of `per_example=True`,
    `weight_names=("kernel", "bias")`.

    Args:
        layer: The layer whose weights are dropped. It is not rematerialized.
        rate: Fraction of the weights dropped, from 0 to below 1. A `kerasreg.schedules.Schedule`
            of the layer's training calls is also accepted.
        seed: An integer for reproducible masks, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        weight_names: Names of the weights to drop, such as `("kernel", "recurrent_kernel")`: every
            weight of that name, in the layer and in layers inside of it. Defaults to None, the
            recurrent kernels of recurrent layers and the kernels of others.
        per_example: Whether each example has its own mask. For `Dense` only. Defaults to False.
        inference: "mean" (the default), or "gaussian", for `Dense` only.
        samples: Draws for `inference="gaussian"`, 1 or more: they take memory for that many
            outputs. Defaults to 100.
        **kwargs: Keyword arguments of `keras.layers.Layer`. `dtype` defaults to that of `layer`.

    Call arguments:
        inputs: Inputs of the wrapped layer.
        *args: Further positional arguments of the wrapped layer.
        training: Whether to drop. Defaults to False; `fit` passes True.
        **kwargs: Further arguments of the wrapped layer, such as `initial_state`.

    Input shape:
        That of the wrapped layer.

    Output shape:
        That of the wrapped layer.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `rate` is not from 0 to below 1, if the layer has no weight of a name, if
            it is quantized, or if it is no `Dense` where it has to be one.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.DropConnect(keras.layers.LSTM(8), 0.5, seed=0)
        >>> tuple(layer(keras.ops.ones((2, 5, 3)), training=True).shape)
        (2, 8)

    Reference:
        Wan, Zeiler, Zhang, LeCun, Fergus 2013, Regularization of Neural Networks using
        DropConnect, ICML. Weight drop: Merity, Keskar, Socher 2017, Regularizing and Optimizing
        LSTM Language Models, arXiv:1708.02182.
    """

    def __init__(
        self,
        layer,
        rate,
        seed=None,
        *,
        weight_names=None,
        per_example=False,
        inference="mean",
        samples=100,
        **kwargs,
    ):
        super().__init__(layer, **wrapper_arguments(layer, self, kwargs))
        self.rate = strength("rate", rate, self, _checks.fraction_below_one)
        self.seed = seed
        self.seed_generator = _random.seed_generator(seed, self)
        self.weight_names = checked_weight_names(weight_names, self)
        self.per_example = _checks.boolean("per_example", per_example, self)
        self.inference = _checks.choice("inference", inference, self, ("mean", "gaussian"))
        self.samples = _checks.whole("samples", samples, self, low=1)
        self.supports_masking = layer.supports_masking
        if per_example or inference == "gaussian":
            self._check_dense()

    def _check_dense(self):
        # A subclass with a `call` of its own may compute something else.
        why = "for per_example=True and inference='gaussian'"
        if getattr(type(self.layer), "call", None) is not keras.layers.Dense.call:
            _checks.refuse("layer", self.layer, self, f"a keras.layers.Dense layer {why}")
        if not set(self.weight_names or ()) <= {"kernel", "bias"}:
            expected = f"'kernel', 'bias' or both {why}"
            _checks.refuse("weight_names", self.weight_names, self, expected)

    def build(self, input_shape):
        super().build(input_shape)
        self._dropped_weights()

    def call(self, inputs, *args, training=False, **kwargs):
        if self.rate == 0 or not (training or self.inference == "gaussian"):
            outputs = self.layer(inputs, *args, **kwargs)
        elif not training:
            outputs = self._moment_matched(inputs)
        elif self.per_example:
            outputs = self._of_each_example(inputs)
        else:
            with substituted(self._masked_weights(), self):
                outputs = self.layer(inputs, *args, **kwargs)
        return in_precision_of(self, outputs)

    def _dropped_weights(self):
        weights = weights_named(self.weight_names, self)
        if self.weight_names is not None:
            return weights
        recurrent = {_path(weight) for weight in weights if weight.name == "recurrent_kernel"}
        return [
            weight
            for weight in weights
            if weight.name == "recurrent_kernel" or _path(weight) not in recurrent
        ]

    def _draw(self):
        key, step = _random.next_key(self.seed_generator, self)
        rate = strength_at(self.rate, step)
        return key, _random.limit(rate), kept_scale(rate)

    def _masked(self, value, draw, stream):
        key, limit, scale = draw
        scale = ops.convert_to_tensor(scale, working_dtype(value, self))
        return mask(value, key, limit, scale, stream=stream)

    def _masked_weights(self):
        draw = self._draw()
        return [
            (weight, self._masked(weight.value, draw, stream))
            for stream, weight in enumerate(self._dropped_weights())
        ]

    def _of_each_example(self, inputs):
        dtype, shape = self.layer.compute_dtype, ops.shape(inputs)
        draw = self._draw()
        weights = self._kernel_and_bias(dtype)
        for stream, weight in enumerate(self._dropped_weights()):
            repeated = ops.broadcast_to(weights[weight.name], (shape[0], *weight.shape))
            weights[weight.name] = self._masked(repeated, draw, stream)
        rows = (shape[0], math.prod(shape[1:-1]), shape[-1])
        rows = ops.reshape(ops.cast(inputs, dtype), rows)
        outputs = ops.matmul(rows, weights["kernel"])
        if "bias" in weights:
            outputs = outputs + ops.expand_dims(weights["bias"], -2)
        return self._activated(ops.reshape(outputs, (*shape[:-1], self.layer.units)))

    def _moment_matched(self, inputs):
        dtype = keras.backend.result_type(self.layer.compute_dtype, "float32")
        inputs = ops.cast(inputs, dtype)
        weights = self._kernel_and_bias(dtype)
        mean = ops.matmul(inputs, weights["kernel"]) + weights.get("bias", 0.0)
        dropped = [weights[weight.name] for weight in self._dropped_weights()]
        rate = strength_at(self.rate, _random.last_step(self.seed_generator))
        variance = masked_variance(inputs, dropped, rate)
        deviation = ops.sqrt(ops.maximum(variance, _LEAST_VARIANCE))
        # The next training call has the same key: it draws from the streams below this one.
        key = _backend.philox(ops.convert_to_tensor(self.seed_generator.state))
        shape = (self.samples, *[1] * (len(mean.shape) - 1), self.layer.units)
        noise = _random.normal(_random.words(key, shape, stream=len(dropped)))
        return self._activated(mean + deviation * ops.cast(noise, dtype), averaged=True)

    def _kernel_and_bias(self, dtype):
        weights = {"kernel": self.layer.kernel, "bias": self.layer.bias}
        return {name: ops.cast(w, dtype) for name, w in weights.items() if w is not None}

    def _activated(self, outputs, averaged=False):
        # What `Dense` does to its product, and Keras then to the outputs of a layer.
        layer = self.layer
        outputs = layer.activation(outputs)
        if averaged:
            outputs = ops.mean(outputs, axis=0)
        if layer.activity_regularizer is not None:
            loss = layer.activity_regularizer(outputs)
            self.add_loss(loss / ops.cast(ops.shape(outputs)[0], loss.dtype))
        return outputs

    def compute_mask(self, inputs, previous_mask):
        return self.layer.compute_mask(inputs, previous_mask)

    def compute_output_shape(self, input_shape):
        return output_shape(self.layer, input_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "rate": saved_strength(self.rate),
            "seed": _random.seed_config(self.seed),
            "weight_names": self.weight_names,
            "per_example": self.per_example,
            "inference": self.inference,
            "samples": self.samples,
        }

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


def _mask(weight, key, limit, scale, *, stream):
    words = _random.words(key, ops.shape(weight), stream=stream)
    kept = _backend.where_kept(words, limit, ops.cast(weight, scale.dtype))
    return ops.cast(kept * scale, weight.dtype)


mask = _backend.fused(_mask)


def masked_variance(inputs, weights, rate):
    """Returns the variance of `inputs @ (kernel * M / (1 - rate)) + bias * m / (1 - rate)`.

    Args:
        inputs: Tensor whose last axis is that of the kernel's rows.
        weights: The masked ones among kernel (a matrix) and bias (a vector).
        rate: Probability that an element of M or m is 0; else it is 1.
    """
    squares = [ops.square(weight) for weight in weights]
    terms = [ops.matmul(ops.square(inputs), s) if s.ndim == 2 else s for s in squares]
    return ops.cast(rate / (1.0 - rate), inputs.dtype) * sum(terms)


def _path(weight):
    return weight.path.rpartition("/")[0]
