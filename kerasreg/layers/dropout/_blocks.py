"""Masks of contiguous blocks: drawn, grown, counted and applied.

A mask is a tensor of integers that hold one bit per channel, 1 where a value is dropped: growing 32
channels costs what growing one does. The gradient keeps these bits, one per value, because drawing
and growing again would take longer than all the rest. Each step is a kernel of its own: in a single
one, XLA would draw again for every position that a block may cover. The steps before the last take
the layer's input, `x`, for its shape only.

Arguments with one meaning throughout:

    block: Size of a block along each spatial axis. A longer one than the map covers the map.
    axis: The channel axis, not negative. The others, but for the first, are spatial.
    bits: Channels per integer, from `bits_per_integer`.
    shared: Whether one mask serves all channels.
"""

import math

import keras
import numpy as np
from keras import ops

from kerasreg import _backend, _random

_WIDTHS = (32, 16, 8)


def drop_blocks(x, key, limit, *, block, axis, shared, dtype):
    """Returns `x` with random blocks set to zero and the rest rescaled.

    Args:
        x: Tensor.
        key: Key of the call. The word i belongs to the place i, in row-major order, of those
            where a whole block fits.
        limit: From `seed_limit`.
        block: Size of a block.
        axis: The channel axis.
        shared: Whether one mask serves all channels.
        dtype: Precision of the scale, "float32" or "float64".
    """
    like = ops.stop_gradient(x)
    bits = bits_per_integer(x.shape[axis], shared)
    seeds = draw(like, key, limit, block=block, axis=axis, bits=bits, shared=shared)
    return drop_blocks_of(seeds, x, block=block, axis=axis, bits=bits, dtype=dtype)


def drop_blocks_of(seeds, x, *, block, axis, bits, dtype):
    """Returns `x` with the blocks of given seeds, packed, set to zero and the rest rescaled."""
    like = ops.stop_gradient(x)
    blocks = grow(like, seeds, block=block, axis=axis)
    scale = kept_scale(like, blocks, bits=bits, dtype=dtype)
    return keep(x, blocks, scale, axis=axis, bits=bits)


def bits_per_integer(channels, shared):
    """Returns how many channels an integer of a mask holds: 1 means that they are not packed."""
    if shared or channels is None or channels == 1:
        return 1
    # Channels to fill up with cost more than narrow integers.
    return next((width for width in _WIDTHS if channels % width == 0), _WIDTHS[-1])


def seed_rate(rate, sizes, block):
    """Returns the probability of a seed at each place where a whole block fits.

    `gamma = rate * product over the axes of size / (length * (size - length + 1))`, where a length
    is that of a block, at most the size. It is never above `rate`.

    Args:
        rate: A number, or a float32 tensor.
        sizes: Size of the map along each spatial axis, an integer or a scalar integer tensor.
        block: Size of a block.

    Returns:
        A number; a tensor where `rate` or a size is one.
    """
    factor = math.prod(map(_values_per_block_value, sizes, block))
    if isinstance(rate, int | float) or isinstance(factor, float):
        return rate * factor
    return rate * ops.cast(factor, "float32")


def seed_limit(gamma):
    """Returns the limit below which a word means a seed, the same for a number and its tensor."""
    if isinstance(gamma, float):
        gamma = float(np.float32(gamma))
    return _random.limit(gamma)


def _drawn(x, key, limit, *, block, axis, bits, shared):
    shape = list(ops.shape(x))
    for spatial, length in zip(_spatial_axes(shape, axis), block, strict=True):
        shape[spatial] = _places(shape[spatial], length)
    if shared:
        shape[axis] = 1
    words = _random.words(key, tuple(shape))
    return packed(ops.logical_not(_random.keep(words, limit)), axis=axis, bits=bits)


def _grown(x, seeds, *, block, axis):
    sizes = ops.shape(x)
    for spatial, length in zip(_spatial_axes(sizes, axis), block, strict=True):
        size = sizes[spatial]
        if isinstance(size, int):
            length = max(min(length, size), 1)
        # Where the size is not known, a block may reach past the end of the map.
        seeds = _any_of_the_last(length, seeds, spatial)[_along(spatial, slice(0, size))]
    return seeds


def _kept_scale(x, blocks, *, bits, dtype):
    values = math.prod(ops.shape(blocks if bits == 1 else x))
    kept = values - ops.sum(_ones(blocks, bits))
    # Where none is kept, any finite number does.
    return ops.cast(values, dtype) / ops.cast(ops.maximum(kept, 1), dtype)


def _kept(x, blocks, scale, *, axis, bits):
    wide = keras.backend.standardize_dtype(scale.dtype)
    dropped = unpacked(blocks, axis=axis, bits=bits, channels=x.shape[axis])
    return ops.cast(_zero_where(dropped, ops.cast(x, wide), wide) * scale, x.dtype)


draw = _backend.fused(_drawn)
grow = _backend.fused(_grown)
kept_scale = _backend.fused(_kept_scale)
keep = _backend.fused(_kept)


def packed(seeds, *, axis, bits):
    """Returns booleans as integers that hold `bits` of them each, along one axis."""
    if bits == 1:
        return ops.cast(seeds, "int8")
    missing = -seeds.shape[axis] % bits
    seeds = ops.cast(seeds, "int32")
    if missing:
        seeds = ops.pad(seeds, _padding(seeds, axis, (0, missing)))
    shape = list(ops.shape(seeds))
    shape[axis : axis + 1] = [shape[axis] // bits, bits]
    places = _arange_along(axis + 1, len(shape), bits)
    bits_in_place = ops.left_shift(ops.reshape(seeds, tuple(shape)), places)
    return ops.cast(ops.sum(bits_in_place, axis=axis + 1), f"int{bits}")


def unpacked(integers, *, axis, bits, channels):
    """Returns the bits of integers as words of one and zero, `channels` of them along one axis."""
    # Words, because XLA makes slow code of shifting what has a sign.
    integers = ops.cast(integers, _backend.WORD_DTYPE)
    if bits == 1:
        return integers
    repeated = ops.repeat(integers, bits, axis=axis)[_along(axis, slice(0, channels))]
    places = ops.cast(_arange_along(axis, len(integers.shape), channels) % bits, repeated.dtype)
    return ops.bitwise_and(ops.right_shift(repeated, places), _backend.word(1))


def _ones(integers, bits):
    # The bits of each integer, counted in parallel: in pairs, fours, eights; then all bytes.
    x = ops.bitwise_and(ops.cast(integers, "int32"), (1 << bits) - 1 if bits < 32 else -1)
    if bits == 1:
        return x
    x = x - ops.bitwise_and(ops.right_shift(x, 1), 0x55555555)
    x = ops.bitwise_and(x, 0x33333333) + ops.bitwise_and(ops.right_shift(x, 2), 0x33333333)
    x = ops.bitwise_and(x + ops.right_shift(x, 4), 0x0F0F0F0F)
    return ops.right_shift(x * 0x01010101, 24)


def _any_of_the_last(length, seeds, axis):
    # By doubling: what covers 1, 2, 4 ... positions is one "or" of the last with itself.
    seeds = ops.pad(seeds, _padding(seeds, axis, (length - 1, length - 1)))
    covered = 1
    while covered < length:
        step = min(covered, length - covered)
        earlier, later = slice(None, -step), slice(step, None)
        seeds = ops.bitwise_or(seeds[_along(axis, earlier)], seeds[_along(axis, later)])
        covered += step
    return seeds


def _zero_where(ones, x, dtype):
    if x.shape[-1] is None:  # for which Keras has no `view`
        return ops.where(ones > _backend.word(0), ops.zeros((), dtype), x)
    integer = dtype.replace("float", "int")
    # All bits of a kept value, none of a dropped one: from a select, XLA makes slow code.
    mask = ops.cast(ones, integer) - 1
    return ops.view(ops.bitwise_and(ops.view(x, integer), mask), dtype)


def _values_per_block_value(size, length):
    if isinstance(size, int):
        covered = max(min(length, size), 1)
        return size / (covered * _places(size, length))
    covered = ops.cast(ops.clip(size, 1, length), "float64")
    return ops.cast(size, "float64") / (covered * ops.cast(_places(size, length), "float64"))


def _places(size, length):
    if isinstance(size, int):
        return max(size - length + 1, 1)
    return ops.maximum(size - length + 1, 1)


def _spatial_axes(shape, axis):
    return [each for each in range(1, len(shape)) if each != axis]


def _along(axis, part):
    return (slice(None),) * axis + (part,)


def _padding(x, axis, amounts):
    return [amounts if each == axis else (0, 0) for each in range(len(x.shape))]


def _arange_along(axis, rank, size):
    return ops.reshape(ops.arange(size, dtype="int32"), [-1] + [1] * (rank - axis - 1))
