"""Pools regions: their largest values, their means, or members of them drawn by lot.

Everything is made of `take` along one axis at a time, forward and backward: what a position gets
back is looked up from the regions that it is in, and no gradient is scattered. Arguments with one
meaning throughout:

    tensors: For each pooled axis, the starts of its regions, their last positions and, for each
        position, the last region that starts there or before.
    axes: The pooled axes.
    widths, overlaps: Of the regions of each axis.

Members of a region are numbered in row-major order, in a grid of `widths`.
"""

import functools
import itertools
import math

import keras
import numpy as np
from keras import ops

from kerasreg import _backend, _random
from kerasreg.layers.pooling._regions import owners


def max_pool(x, regions, axis):
    """Returns the largest value of each region of one axis.

    The gradient goes to one member, the first of the largest.
    """

    @ops.custom_gradient
    def pooled(x):
        def gradient(*args, upstream=None):
            dy = args[-1] if upstream is None else upstream
            tensors, static = _arguments(x, [regions], [axis])
            numbers = find_largest(ops.stop_gradient(x), *tensors, **static)
            return give_back(dy, numbers, *tensors, **static)

        static = {"axis": axis, "width": regions.width}
        return largest(x, regions.starts, regions.lasts, **static), gradient

    return pooled(x)


def average_pool(x, regions, axis):
    """Returns the mean of each region of one axis."""
    tensors, static = _arguments(x, [regions], [axis])
    return mean(x, *tensors, **static)


def draw_pool(x, key, regions, axes, dtype):
    """Returns a member of each region, drawn with a probability proportional to its value.

    Values below 0 count as 0. Where all do, the result is 0. Where the sum is infinite or
    not a number, the result is the member with which it became so.

    Args:
        x: A tensor.
        key: The key of the call. The word i belongs to the region i, in row-major order.
        regions: `Regions` of each axis.
        axes: The axes.
        dtype: Precision of the probabilities.
    """
    tensors, static = _arguments(x, regions, axes)
    numbers = draw_numbers(ops.stop_gradient(x), key, *tensors, dtype=dtype, **static)
    return chosen(x, numbers, *tensors, **static)


def _arguments(x, regions, axes):
    tensors = []
    for each, axis in zip(regions, axes, strict=True):
        tensors += [each.starts, each.lasts, owners(each, ops.shape(x)[axis])]
    widths = tuple(each.width for each in regions)
    overlaps = tuple(each.overlap for each in regions)
    return tensors, {"axes": tuple(axes), "widths": widths, "overlaps": overlaps}


def _largest(x, starts, lasts, *, axis, width):
    values = _taken(x, (axis,), [[ops.minimum(starts + place, lasts) for place in range(width)]])
    return functools.reduce(ops.maximum, values)


def _number_of_largest(x, *tensors, axes, widths, overlaps):
    values = _members(x, tensors, axes, widths)
    best = next(values)
    number = ops.zeros_like(best, dtype=_number_dtype(widths))
    for each, value in enumerate(values, 1):
        # A member that a region lacks is its last once more, and not larger.
        number = ops.where(value > best, ops.cast(each, number.dtype), number)
        best = ops.maximum(best, value)
    return number


def _drawn_number(x, key, *tensors, axes, widths, overlaps, dtype):
    # The first member up to which the sum exceeds a random share of the whole: as many members
    # do not reach it. Where the whole is 0 none exceeds it, and the number is that of no member.
    # Where it is infinite or not a number, the goal is what no finite sum exceeds.
    def values():
        present = _present(tensors, axes, widths, len(x.shape))
        for value, here in zip(_members(x, tensors, axes, widths), present, strict=True):
            value = ops.maximum(ops.cast(value, dtype), ops.zeros((), dtype))
            yield ops.where(here, value, ops.zeros((), dtype))

    whole = sum(values())
    share = ops.cast(_random.uniform(_random.words(key, ops.shape(whole))), dtype)
    highest = float(np.finfo(dtype).max)
    goal = ops.where(whole <= highest, whole * share, ops.cast(highest, dtype))
    reached, number = 0, 0
    for value in values():
        reached = reached + value
        number = number + ops.cast(reached <= goal, _number_dtype(widths))
    return number


def _chosen(x, numbers, *tensors, axes, widths, overlaps):
    result = ops.zeros((), x.dtype)
    for each, value in enumerate(_members(x, tensors, axes, widths)):
        result = ops.where(numbers == ops.cast(each, numbers.dtype), value, result)
    return result


def _given_back(dy, numbers, *tensors, axes, widths, overlaps):
    regions, places = _lookup(tensors, overlaps)
    result = ops.zeros((), dy.dtype)
    looked_up = zip(
        itertools.product(*places),
        _taken(dy, axes, regions),
        _taken(numbers, axes, regions),
        strict=True,
    )
    for place, value, number in looked_up:
        here = number == _number(place, axes, widths, len(dy.shape), numbers.dtype)
        result = result + ops.where(here, value, ops.zeros((), dy.dtype))
    return result


def _mean(x, *tensors, axes, widths, overlaps):
    wide = _sum_dtype(x)
    present = _present(tensors, axes, widths, len(x.shape))
    total = 0
    for value, here in zip(_members(x, tensors, axes, widths), present, strict=True):
        total = total + ops.where(here, ops.cast(value, wide), ops.zeros((), wide))
    return ops.cast(total / _sizes(tensors, axes, len(x.shape), wide), x.dtype)


def _spread(dy, *tensors, axes, widths, overlaps):
    wide = _sum_dtype(dy)
    share = ops.cast(dy, wide) / _sizes(tensors, axes, len(dy.shape), wide)
    regions, places = _lookup(tensors, overlaps)
    total = 0
    for place, value in zip(itertools.product(*places), _taken(share, axes, regions), strict=True):
        here = _number(place, axes, widths, len(dy.shape), "int32") >= 0
        total = total + ops.where(here, value, ops.zeros((), wide))
    return ops.cast(total, dy.dtype)


# For gradients of second order JAX differentiates what is inside a custom gradient, too.
largest = _largest if keras.config.backend() == "jax" else _backend.fused(_largest)
find_largest = _backend.fused(_number_of_largest)
draw_numbers = _backend.fused(_drawn_number)
chosen = _backend.fused(_chosen, _given_back, _chosen)
give_back = _backend.fused(_given_back, _chosen, _given_back)
mean = _backend.fused(_mean, _spread, _mean)


def _members(x, tensors, axes, widths):
    """Yields the first, second ... member of all regions; for one that is missing, the last."""
    positions = [
        [ops.minimum(starts + place, lasts) for place in range(width)]
        for starts, lasts, width in zip(tensors[::3], tensors[1::3], widths, strict=True)
    ]
    return _taken(x, axes, positions)


def _taken(x, axes, positions):
    if not axes:
        yield x
        return
    for each in positions[0]:
        yield from _taken(ops.take(x, each, axis=axes[0]), axes[1:], positions[1:])


def _present(tensors, axes, widths, rank):
    """Yields, for the first, second ... member, in which regions it is there."""
    for places in itertools.product(*map(range, widths)):
        here = ops.ones((), "bool")
        for place, starts, lasts, axis in zip(
            places, tensors[::3], tensors[1::3], axes, strict=True
        ):
            here = ops.logical_and(here, _along(axis, rank, starts + place <= lasts))
        yield here


def _lookup(tensors, overlaps):
    """Returns, for each axis, the regions that positions are in and their places there.

    Both are lists of as many vectors as regions may overlap. A place is -1 where a position is not
    in the region.
    """
    regions, places = [], []
    for axis, overlap in enumerate(overlaps):
        starts, lasts, owner = tensors[3 * axis : 3 * axis + 3]
        position = ops.arange(ops.shape(owner)[0], dtype="int32")
        regions.append([ops.maximum(owner - earlier, 0) for earlier in range(overlap)])
        places_of_axis = []
        for earlier, region in enumerate(regions[-1]):
            inside = ops.logical_and(owner >= earlier, position <= ops.take(lasts, region))
            places_of_axis.append(ops.where(inside, position - ops.take(starts, region), -1))
        places.append(places_of_axis)
    return regions, places


def _number(places, axes, widths, rank, dtype):
    number, inside = 0, ops.ones((), "bool")
    for place, axis, width in zip(places, axes, widths, strict=True):
        place = _along(axis, rank, place)
        number, inside = number * width + place, ops.logical_and(inside, place >= 0)
    return ops.cast(ops.where(inside, number, -1), dtype)


def _sizes(tensors, axes, rank, dtype):
    size = 1
    for starts, lasts, axis in zip(tensors[::3], tensors[1::3], axes, strict=True):
        size = size * _along(axis, rank, lasts - starts + 1)
    return ops.cast(size, dtype)


def _along(axis, rank, vector):
    return ops.reshape(vector, [-1] + [1] * (rank - axis - 1))


def _number_dtype(widths):
    return "int8" if math.prod(widths) <= 127 else "int32"


def _sum_dtype(x):
    return "float64" if keras.backend.standardize_dtype(x.dtype) == "float64" else "float32"
