"""The regions that an axis is pooled over, as vectors of their first and last positions."""

import math
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from kerasreg import _random


class Regions(NamedTuple):
    """Regions of one axis, in order; neither their starts nor their ends ever go back.

    Args:
        starts: First position of each region, int32.
        lasts: Last position of each, int32.
        width: The most positions that a region has, or more.
        overlap: The most regions that a position is in, or more.
    """

    starts: Any
    lasts: Any
    width: int
    overlap: int


def owners(regions, size):
    """Returns, for each position of an axis, the last region that starts there or before."""
    starts = ops.convert_to_tensor(regions.starts, "int32")
    marks = ops.scatter(ops.expand_dims(starts, -1), ops.ones_like(starts), (size,))
    return ops.cast(ops.cumsum(marks), "int32") - 1


def fractional_regions(size, count, boundaries, overlapping, widest):
    """Returns the regions between boundaries, for fractional pooling.

    Args:
        size: Size of the axis.
        count: Number of regions.
        boundaries: The first position of each region, and the size.
        overlapping: Whether a region also has the first position of the next.
        widest: Width of the widest region without overlap, where `size` is a tensor.
    """
    lasts = boundaries[1:] - 1
    if overlapping:
        lasts = ops.minimum(boundaries[1:], size - 1)
    width = -(-size // count) if isinstance(size, int) else widest
    return Regions(boundaries[:-1], lasts, width + overlapping, 1 + overlapping)


def drawn_boundaries(key, size, count, sequence, stream):
    """Returns random boundaries of `count` regions, from 0 to `size`.

    Args:
        key: The key of the call.
        size: Size of the axis, an integer or a scalar tensor.
        count: Number of regions, likewise.
        sequence: "random" or "pseudorandom".
        stream: Number of the stream of random words.
    """
    if sequence == "random":
        order = _random.permutation(_random.words(key, (count,), stream))
        return boundaries_in_order(order, size, count)
    u = _random.uniform(_random.words(key, (1,), stream))
    # Below `count` also after rounding: u is 2**-24 away from 1 at least.
    phase = ops.floor(u * ops.cast(count, "float32"))
    return boundaries_at(ops.cast(phase, "int32"), size, count)


def boundaries_in_order(order, size, count):
    """Returns boundaries with a longer step at each place whose rank is below their number.

    Args:
        order: A permutation of 0 to `count - 1`: the ranks.
        size: Size of the axis.
        count: Number of regions.
    """
    short = size // count
    steps = short + ops.cast(order < size - short * count, "int32")
    return ops.pad(ops.cast(ops.cumsum(steps), "int32"), [(1, 0)])


def boundaries_at(phase, size, count):
    """Returns `floor((i * size + phase) / count)` for i from 0 to `count`.

    Args:
        phase: An integer from 0 to `count - 1`, or a tensor that broadcasts to a vector.
        size: Size of the axis.
        count: Number of regions.
    """
    if isinstance(size, int):
        products = np.arange(count + 1, dtype="int64") * size
        wholes, rests = products // count, products % count
    else:
        products = ops.arange(count + 1, dtype="int64") * ops.cast(size, "int64")
        wide = ops.cast(count, "int64")
        wholes, rests = products // wide, products % wide
    carries = ops.cast(rests, "int32") + phase >= count
    return ops.cast(wholes, "int32") + ops.cast(carries, "int32")


def regular_boundaries(size, count):
    """Returns the boundaries nearest to multiples of `size / count`."""
    return boundaries_at(count // 2, size, count)


def strided_regions(size, length, stride, padding):
    """Returns the windows of ordinary pooling, without what lies in the padding.

    Args:
        size: Size of the axis, an integer or a scalar tensor.
        length: Length of a window.
        stride: Distance between the starts of windows.
        padding: "valid" or "same".
    """
    count = windows(size, length, stride, padding)
    before: Any = 0
    if padding == "same":
        missing = (count - 1) * stride + length - size
        before = (max(missing, 0) if isinstance(missing, int) else ops.maximum(missing, 0)) // 2
    starts = ops.arange(count, dtype="int32") * stride - before
    lasts = ops.minimum(starts + length - 1, size - 1)
    return Regions(ops.maximum(starts, 0), lasts, length, math.ceil(length / stride))


def windows(size, length, stride, padding):
    """Returns the number of windows along an axis, 0 where none fits."""
    if padding == "same":
        return (size + stride - 1) // stride
    count = (size - length) // stride + 1
    return max(count, 0) if isinstance(count, int) else ops.maximum(count, 0)
