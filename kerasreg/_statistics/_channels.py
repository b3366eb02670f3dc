"""The axis of the channels: its check, and one value for each channel laid along it."""

from collections.abc import Sequence
from typing import Any

from keras import ops

from kerasreg import _checks


def channels(shape: Sequence[int | None], axis: int, owner: object) -> int:
    """Returns the number of channels of an input shape, or raises `ValueError`.

    Args:
        shape: The input shape, of rank 2 or more.
        axis: The channels' axis, which is not the first.
        owner: The layer, for the error.
    """
    shape = tuple(shape)
    if len(shape) < 2:
        _checks.refuse("input_shape", shape, owner, "a shape of rank 2 or more")
    if not -len(shape) <= axis < len(shape) or axis % len(shape) == 0:
        expected = f"an axis of the input other than the first, of the shape {shape}"
        _checks.refuse("axis", axis, owner, expected)
    size = shape[axis]
    if size is None:
        expected = f"an axis whose size is known, of the input's shape {shape}"
        _checks.refuse("axis", axis, owner, expected)
    return size


def of_channels(values: Any, axis: int, rank: int) -> Any:
    """Returns one value for each channel, of shape (channels,), in a shape that broadcasts.

    For channels last that is the shape they have.

    Args:
        values: A vector.
        axis: The channels' axis, not negative.
        rank: Rank of the data.
    """
    if axis == rank - 1:
        return values
    return ops.reshape(values, [-1 if i == axis else 1 for i in range(rank)])
