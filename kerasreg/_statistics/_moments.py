"""Mean and variance of each channel, over the elements that a mask leaves in."""

import math
from typing import Any, NamedTuple

from keras import ops

from kerasreg import _checks
from kerasreg._backend.replica_sum import replica_sum
from kerasreg._statistics._channel_sum import channel_sum
from kerasreg._statistics._channels import of_channels


class Moments(NamedTuple):
    """What one batch says of each channel; every field has the shape (channels,) or (1,).

    Attributes:
        mean: The mean; 0 where there is no element.
        variance: The biased variance, sum (x - mean)^2 / count; 1 where there is no element.
        count: How many elements were averaged, as a float.
    """

    mean: Any
    variance: Any
    count: Any


def moments(x, axis: int, mask=None, *, synchronized: bool = False) -> Moments:
    """Returns the moments of `x` for each index on `axis`.

    Two passes: the differences from the mean are squared, never the values, so that a large mean
    does not cancel a small variance.

    Args:
        x: Data in float32 or float64, of rank 2 or more.
        axis: The channels' axis, not negative.
        mask: None, or booleans that broadcast against `x` (see `aligned_mask`).
        synchronized: Whether to count the elements of all replicas together.
    """
    kept = x if mask is None else ops.where(mask, x, 0)
    total, count = channel_sum(kept, axis), element_count(x, axis, mask)
    if synchronized:
        total, count = replica_sum([total, count])
    divisor = ops.maximum(count, 1)
    mean = total / divisor
    deviation = x - of_channels(mean, axis, len(x.shape))
    if mask is not None:
        deviation = ops.where(mask, deviation, 0)
    squares = channel_sum(ops.square(deviation), axis)
    if synchronized:
        (squares,) = replica_sum([squares])
    variance = ops.where(count > 0, squares / divisor, 1)
    return Moments(mean, variance, count)


def element_count(x, axis: int, mask=None, *, dtype=None):
    """Returns the number of elements for each index on `axis`, as a vector, or one for all.

    Args:
        x: The data.
        axis: The channels' axis, not negative.
        mask: None, or booleans that broadcast against `x`.
        dtype: The dtype of the numbers, that of `x` if None.
    """
    dtype = dtype or x.dtype
    sizes = ops.shape(x)
    if mask is not None:
        shape = [mask.shape[i] if i == axis else size for i, size in enumerate(sizes)]
        return channel_sum(ops.cast(ops.broadcast_to(mask, shape), dtype), axis)
    count = math.prod(size for i, size in enumerate(sizes) if i != axis)
    return ops.reshape(ops.cast(count, dtype), (1,))


def aligned_mask(mask, shape, axis: int, owner):
    """Returns `mask` as booleans of the rank of the data, with size 1 in the places it left out.

    The axes of a mask are those of the data in their order, without the channels; a mask of
    lower rank holds for all the axes that it does not reach. Only where that cannot be, a mask
    is taken for the data's shape without the last axis: `keras.layers.Masking` makes such masks
    for channels that come first.

    Args:
        mask: Booleans, or numbers that are 0 where an element is to be left out.
        shape: Shape of the data; None where a size is not known.
        axis: The channels' axis, not negative.
        owner: The layer, for the error.
    """
    mask = ops.cast(ops.convert_to_tensor(mask), "bool")
    axes = mask_axes(mask.shape, shape, axis, owner)
    for i in range(len(shape)):
        if i not in axes:
            mask = ops.expand_dims(mask, i)
    return mask


def mask_axes(mask_shape, shape, axis: int, owner) -> tuple[int, ...]:
    """Returns the axes of the data that the axes of a mask stand for, or raises `ValueError`."""
    mask_shape, shape = tuple(mask_shape), tuple(shape)
    rank = len(mask_shape)
    others = tuple(i for i in range(len(shape)) if i != axis)
    if 0 < rank <= len(others) and _fits(mask_shape, [shape[i] for i in others[:rank]]):
        return others[:rank]
    if rank != len(others) or not _fits(mask_shape, shape[:-1]):
        expected = f"a shape that begins as {tuple(shape[i] for i in others)}"
        fix = "These are the input's sizes without its channels."
        _checks.refuse("mask", mask_shape, owner, expected, fix=fix)
    return tuple(range(rank))


def _fits(mask_shape, shape) -> bool:
    return all(
        m in (None, 1) or size in (None, m) for m, size in zip(mask_shape, shape, strict=True)
    )
