"""What layers that merge two tensors of one shape have in common: shapes and masks."""

import keras
from keras import ops

from kerasreg import _checks


def merged_shape(input_shape, owner, names):
    """Returns the shape of the merged tensor; a size that only one side knows is known.

    Args:
        input_shape: The shapes of two tensors, in a list.
        owner: The layer.
        names: What the two are called, as in "[shortcut, residual]".

    Raises:
        ValueError: If these are not two shapes, or if they differ.
    """
    expected = f"the shapes of two tensors, {names}"
    if len(input_shape) != 2 or not all(isinstance(each, list | tuple) for each in input_shape):
        _checks.refuse("input_shape", input_shape, owner, expected)
    first, second = input_shape
    same = len(first) == len(second) and all(
        a == b or None in (a, b) for a, b in zip(first, second, strict=True)
    )
    if not same:
        _checks.refuse("input_shape", input_shape, owner, f"{expected}, which are equal")
    return tuple(b if a is None else a for a, b in zip(first, second, strict=True))


def merged_mask(previous_mask):
    """Returns the mask of the merged tensor, as `keras.layers.Add` does.

    A place counts where either tensor has it; where one has no mask, there is none.
    """
    masks = keras.tree.flatten(previous_mask)
    if len(masks) < 2 or any(mask is None for mask in masks):
        return None
    return ops.logical_or(*masks)
