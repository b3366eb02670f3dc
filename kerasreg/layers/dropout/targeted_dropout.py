"""Targeted dropout."""

import math

import keras
from keras import ops

from kerasreg import _backend, _checks, _random
from kerasreg._backend.own_precision import in_own_precision
from kerasreg._register import register
from kerasreg.layers._substituted_weights import (
    checked_weight_names,
    substituted,
)
from kerasreg.layers._unit_axes import inner_axes, unit_weights
from kerasreg.layers._wrapped_layer import (
    in_precision_of,
    output_shape,
    wrapper_arguments,
)
from kerasreg.schedules._strength import saved_strength, strength, strength_at


@register
class TargetedDropout(keras.layers.Wrapper):
    """Targeted dropout: the smallest weights are dropped, to be pruned after training.

    In training, the `target_fraction` of the weights that are smallest in magnitude are candidates,
    and each candidate is 0 in that call with probability `rate`, independently; a share of
    `rate * target_fraction` is dropped. Nothing is rescaled. The network learns to do without the
    weights that pruning will remove. Only weights that were not dropped get a gradient from the
    call; one that grows leaves the candidates.

    With `target="weights"`, the candidates are the smallest elements of each column of a kernel,
    that is among the weights into one unit; with `target="units"`, the columns of the smallest
    Euclidean norm, each dropped as a whole. Units are the last axis of a kernel (for transposed
    convolutions and tied layers the last but one, for depthwise convolutions the last two). The
    number of candidates is `target_fraction` times that of elements (columns), rounded to the
    nearest integer; those that tie with the largest candidate are candidates too. Weights are
    compared in the precision in which they are stored, not in that of the computation.

    Outside training the layer computes with its weights as they are; with `inference="pruned"`,
    without the candidates, which shows what pruning them would cost.

    No known difference from the paper. Its authors' code evaluates pruned weights.

    Args:
        layer: The layer whose weights are dropped. It is not rematerialized.
        rate: Probability that a candidate is dropped, between 0 and 1. A
            `kerasreg.schedules.Schedule` of the layer's training calls is also accepted.
        target_fraction: Fraction of the weights or units that are candidates, between 0 and 1, or a
            `kerasreg.schedules.Schedule`.
        seed: An integer for reproducible masks, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        target: "weights" (the default) or "units".
        weight_names: Names of the weights to drop from, such as `("recurrent_kernel",)`: every
            weight of that name, in the layer and in layers inside of it. Defaults to None, all
            kernels.
        inference: "plain" (the default) or "pruned".
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
        ValueError: If `rate` or `target_fraction` is not between 0 and 1, if the layer has no
            weight of a name, or only a vector of it, or if it is quantized.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.TargetedDropout(keras.layers.Dense(8), 0.5, 0.75)
        >>> tuple(layer(keras.ops.ones((2, 3)), training=True).shape)
        (2, 8)

    Reference:
        Gomez, Zhang, Kamalakara, Madaan, Swersky, Gal, Hinton 2019, Learning Sparse Networks Using
        Targeted Dropout, arXiv:1905.13678.
    """

    def __init__(
        self,
        layer,
        rate,
        target_fraction,
        seed=None,
        *,
        target="weights",
        weight_names=None,
        inference="plain",
        **kwargs,
    ):
        super().__init__(layer, **wrapper_arguments(layer, self, kwargs))
        self.rate = strength("rate", rate, self, _checks.fraction)
        self.target_fraction = strength("target_fraction", target_fraction, self, _checks.fraction)
        self.seed = seed
        self.seed_generator = _random.seed_generator(seed, self)
        self.target = _checks.choice("target", target, self, ("weights", "units"))
        self.weight_names = checked_weight_names(weight_names, self)
        self.inference = _checks.choice("inference", inference, self, ("plain", "pruned"))
        self.supports_masking = layer.supports_masking

    def build(self, input_shape):
        super().build(input_shape)
        unit_weights(self.weight_names, self)

    def call(self, inputs, *args, training=False, **kwargs):
        if training and self.rate != 0:
            values = self._dropped()
        elif not training and self.inference == "pruned":
            values = self._pruned()
        else:
            values = []
        with substituted(values, self):
            outputs = self.layer(inputs, *args, **kwargs)
        return in_precision_of(self, outputs)

    def _dropped(self):
        key, step = _random.next_key(self.seed_generator, self)
        limit = _random.limit(strength_at(self.rate, step))
        return [
            (weight, drop(weight.value, key, candidates, limit, stream=stream))
            for stream, (weight, candidates) in enumerate(self._candidates(step))
        ]

    def _pruned(self):
        step = _random.last_step(self.seed_generator)
        return [
            (weight, ops.where(candidates, ops.zeros_like(weight.value), weight.value))
            for weight, candidates in self._candidates(step)
        ]

    def _candidates(self, step):
        fraction = strength_at(self.target_fraction, step)
        find = smallest_weights if self.target == "weights" else smallest_units
        for weight, axes in unit_weights(self.weight_names, self):
            yield weight, find(ops.stop_gradient(in_own_precision(weight)), fraction, axes)

    def compute_mask(self, inputs, previous_mask):
        return self.layer.compute_mask(inputs, previous_mask)

    def compute_output_shape(self, input_shape):
        return output_shape(self.layer, input_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "rate": saved_strength(self.rate),
            "target_fraction": saved_strength(self.target_fraction),
            "seed": _random.seed_config(self.seed),
            "target": self.target,
            "weight_names": self.weight_names,
            "inference": self.inference,
        }

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


def smallest_weights(weight, fraction, unit_axes):
    """Returns where a weight is among the smallest of its column, as booleans of its shape.

    Args:
        weight: Tensor of two axes or more.
        fraction: Share of each column, a number or a scalar tensor.
        unit_axes: The axes, counted from the end, that number the columns.
    """
    axes = inner_axes(weight, unit_axes)
    magnitudes = ops.cast(ops.abs(weight), "float32")
    order = [*axes, *(axis for axis in range(weight.ndim) if axis not in axes)]
    columns = ops.transpose(magnitudes, order)
    columns = ops.reshape(columns, (math.prod(weight.shape[axis] for axis in axes), -1))
    shape = [1 if axis in axes else size for axis, size in enumerate(weight.shape)]
    return magnitudes <= ops.reshape(_largest_candidate(columns, fraction), shape)


def smallest_units(weight, fraction, unit_axes):
    """Returns which columns are among those of the smallest norm; other axes have size 1.

    The arguments are those of `smallest_weights`.
    """
    axes = inner_axes(weight, unit_axes)
    squares = ops.sum(ops.square(ops.cast(weight, "float32")), axis=axes, keepdims=True)
    return squares <= _largest_candidate(ops.reshape(squares, (-1, 1)), fraction)


def _largest_candidate(magnitudes, fraction):
    # Along the first axis; below every magnitude where nothing is a candidate.
    count = ops.cast(ops.round(fraction * magnitudes.shape[0]), "int32")
    return ops.where(count > 0, at_rank(magnitudes, count), -1.0)


def _at_rank(magnitudes, count):
    # The bits of non-negative floats, as integers, are in the order of the floats. The smallest
    # integer that `count` are below or equal to is found bit by bit, far faster than by sorting.
    bits = ops.view(magnitudes, dtype="int32")

    def with_next_bit(i, found):
        step = ops.left_shift(1, 30 - i)
        below = ops.sum(ops.cast(bits < found + step, "int32"), axis=0, keepdims=True)
        return ops.where(below < count, found + step, found)

    start = ops.zeros((1, magnitudes.shape[1]), "int32")
    return ops.view(ops.fori_loop(0, 31, with_next_bit, start), dtype="float32")


at_rank = _backend.fused(_at_rank)


def _drop(weight, key, candidates, limit, *, stream):
    words = _random.words(key, ops.shape(candidates), stream=stream)
    return ops.where(candidates, _backend.where_kept(words, limit, weight), weight)


drop = _backend.fused(_drop)
