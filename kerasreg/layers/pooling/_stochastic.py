"""What the stochastic pooling layers share: arguments, sizes, and what a call gives."""

from keras import ops

from kerasreg import _checks, _random
from kerasreg.layers._working_dtype import working_dtype
from kerasreg.layers.pooling._axes import spatial_axes
from kerasreg.layers.pooling._pool import average_pool, draw_pool
from kerasreg.layers.pooling._regions import strided_regions, windows


def set_up(layer, dimensions, pool_size, strides, padding, data_format, seed):
    """Checks the arguments of a stochastic pooling layer and puts them on it."""
    layer.pool_size = _checks.one_or_many("pool_size", pool_size, layer, dimensions, _size)
    layer.strides = None
    if strides is not None:
        layer.strides = _checks.one_or_many("strides", strides, layer, dimensions, _size)
    layer.padding = _checks.choice("padding", padding, layer, ("valid", "same"))
    layer.data_format = _checks.data_format(data_format, layer)
    layer.seed = seed
    layer.seed_generator = _random.seed_generator(seed, layer)


def _size(name, value, owner):
    return _checks.whole(name, value, owner, low=1)


def _windows_by_axis(layer, dimensions):
    """Returns, for each pooled axis, its number and the length and stride of its windows."""
    axes = spatial_axes(layer.data_format, dimensions)
    lengths = _checks.many("pool_size", layer.pool_size, layer, dimensions, _size)
    if layer.strides is None:
        return list(zip(axes, lengths, lengths, strict=True))
    strides = _checks.many("strides", layer.strides, layer, dimensions, _size)
    return list(zip(axes, lengths, strides, strict=True))


def output_shape(layer, dimensions, input_shape):
    """Returns the shape of the output; refuses a shape that cannot be pooled."""
    _checks.rank("input_shape", input_shape, layer, dimensions + 2)
    shape = list(input_shape)
    for axis, length, stride in _windows_by_axis(layer, dimensions):
        if shape[axis] is not None:
            shape[axis] = windows(shape[axis], length, stride, layer.padding)
            if shape[axis] < 1:
                expected = "an input that has room for a window"
                size, how = input_shape[axis], f"data_format={layer.data_format!r}"
                fix = f"With {how}, one axis is {size} long, and the window {length}."
                _checks.refuse("input_shape", tuple(input_shape), layer, expected, fix=fix)
    return tuple(shape)


def pooled(layer, dimensions, inputs, training):
    """Returns what a stochastic pooling layer makes of its inputs."""
    dtype = working_dtype(inputs, layer)
    shape = ops.shape(inputs)
    output_shape(layer, dimensions, [n if isinstance(n, int) else None for n in shape])
    by_axis = _windows_by_axis(layer, dimensions)
    axes = [axis for axis, _, _ in by_axis]
    regions = [
        strided_regions(shape[axis], length, stride, layer.padding)
        for axis, length, stride in by_axis
    ]
    if not training:
        return ops.cast(expectation(ops.cast(inputs, dtype), regions, axes), inputs.dtype)
    key, _ = _random.next_key(layer.seed_generator, layer)
    return draw_pool(inputs, key, regions, axes, dtype)


def expectation(x, regions, axes):
    """Returns `sum(a * a) / sum(a)` of each region, with `a = max(x, 0)`; 0 where all are 0."""
    activations = ops.relu(x)
    squares = activations * activations
    # Of means, as both have as many members.
    for each, axis in zip(regions, axes, strict=True):
        activations = average_pool(activations, each, axis)
        squares = average_pool(squares, each, axis)
    return squares / ops.where(activations > 0, activations, ops.ones((), activations.dtype))


def own_config(layer):
    """Returns the arguments of a stochastic pooling layer, for its `get_config`."""
    return {
        "pool_size": layer.pool_size,
        "strides": layer.strides,
        "padding": layer.padding,
        "data_format": layer.data_format,
        "seed": _random.seed_config(layer.seed),
    }
