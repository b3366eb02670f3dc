"""What the fractional pooling layers share: arguments, sizes, and the regions of a call."""

import math

import numpy as np
from keras import ops

from kerasreg import _backend, _checks, _random
from kerasreg.layers._working_dtype import working_dtype
from kerasreg.layers.pooling._axes import spatial_axes
from kerasreg.layers.pooling._regions import (
    drawn_boundaries,
    fractional_regions,
    regular_boundaries,
)

# Key of the draws at inference, which are the same in every call: digits of pi.
INFERENCE_KEY = np.array([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], "int64")

# More than the error of a quotient of floating-point numbers, and less than users can mean.
ROUNDING = 1e-9


def set_up(layer, dimensions, pool_ratio, seed, overlapping, sequence, samples, data_format):
    """Checks the arguments of a fractional pooling layer and puts them on it."""
    layer.pool_ratio = _checks.one_or_many(
        "pool_ratio", pool_ratio, layer, dimensions, _at_least_one
    )
    layer.seed = seed
    layer.seed_generator = _random.seed_generator(seed, layer)
    layer.overlapping = _checks.boolean("overlapping", overlapping, layer)
    layer.sequence = _checks.choice("sequence", sequence, layer, ("pseudorandom", "random"))
    layer.samples = _checks.whole("samples", samples, layer)
    layer.data_format = _checks.data_format(data_format, layer)


def own_config(layer):
    """Returns the arguments of a fractional pooling layer, for its `get_config`."""
    return {
        "pool_ratio": layer.pool_ratio,
        "seed": _random.seed_config(layer.seed),
        "overlapping": layer.overlapping,
        "sequence": layer.sequence,
        "samples": layer.samples,
        "data_format": layer.data_format,
    }


def output_shape(layer, dimensions, input_shape):
    """Returns the shape of the output; refuses a shape that cannot be pooled."""
    _checks.rank("input_shape", input_shape, layer, dimensions + 2)
    shape = list(input_shape)
    ratios = _ratios(layer, dimensions)
    for axis, ratio in zip(spatial_axes(layer.data_format, dimensions), ratios, strict=True):
        shape[axis] = (
            None if shape[axis] is None else _count(shape[axis], ratio, input_shape, layer)
        )
    return tuple(shape)


def pooled(layer, dimensions, inputs, training, pool):
    """Returns what a fractional pooling layer makes of its inputs.

    Args:
        layer: The layer.
        dimensions: Number of its spatial axes.
        inputs: Tensor.
        training: Whether regions are drawn from the layer's seed.
        pool: Pools the regions of one axis, as `max_pool` does.
    """
    dtype = working_dtype(inputs, layer)
    _checks.rank("input_shape", ops.shape(inputs), layer, dimensions + 2)
    if training:
        key, _ = _random.next_key(layer.seed_generator, layer)
        return _pooled_once(layer, dimensions, inputs, key, 0, pool)
    if layer.samples == 0:
        return _pooled_once(layer, dimensions, inputs, None, 0, pool)
    key = ops.convert_to_tensor(INFERENCE_KEY.astype(_backend.WORD_DTYPE))
    total = 0
    for sample in range(layer.samples):
        outputs = _pooled_once(layer, dimensions, inputs, key, sample * dimensions, pool)
        total = total + ops.cast(outputs, dtype)
    return ops.cast(total / layer.samples, inputs.dtype)


def _pooled_once(layer, dimensions, x, key, stream, pool):
    ratios = _ratios(layer, dimensions)
    shape = ops.shape(x)
    axes = spatial_axes(layer.data_format, dimensions)
    for axis, ratio, each in zip(axes, ratios, range(stream, stream + dimensions), strict=True):
        size = shape[axis]
        count = _count(size, ratio, shape, layer)
        if key is None:
            boundaries = regular_boundaries(size, count)
        else:
            boundaries = drawn_boundaries(key, size, count, layer.sequence, each)
        widest = math.ceil(2 * ratio)
        regions = fractional_regions(size, count, boundaries, layer.overlapping, widest)
        x = pool(x, regions, axis)
    return x


def _at_least_one(name, value, owner):
    return _checks.number(name, value, owner, low=1)


def _ratios(layer, dimensions):
    return _checks.many("pool_ratio", layer.pool_ratio, layer, dimensions, _at_least_one)


def _count(size, ratio, shape, layer):
    """Returns `floor(size / ratio)`; where the size is a tensor, at least 1.

    33 / 1.1, a little below 30 in floating point, is 30.
    """
    if not isinstance(size, int):
        count = ops.floor(ops.cast(size, "float64") / ratio + ROUNDING)
        return ops.maximum(ops.cast(count, "int32"), 1)
    count = math.floor(size / ratio + ROUNDING)
    if count < 1:
        expected = "every pooled axis to be at least as long as its `pool_ratio`"
        fix = (
            f"With data_format={layer.data_format!r}, one is {size} long, and the ratio {ratio:g}."
        )
        _checks.refuse("input_shape", tuple(shape), layer, expected, fix=fix)
    return count
