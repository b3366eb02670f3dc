"""Groups of weights: rows, columns, filters, channels."""

import math

from keras import ops

from kerasreg._axes import axes_of
from kerasreg.regularizers._sums import widened


def group_norms(x, axis, owner):
    """Returns the Euclidean norm of every group and the number of weights in a group.

    Args:
        x: A tensor; a scalar is one group.
        axis: The axis that numbers the groups, or several.
        owner: The penalty.
    """
    x = widened(x)
    within = _within(x, axis, owner)
    squares = ops.square(x)
    size = math.prod(ops.shape(x)[each] for each in within)
    return root(ops.sum(squares, axis=within) if within else squares), ops.cast(size, x.dtype)


def group_lasso(x, axis, size_factor, owner):
    """Returns sum_g ||w_g||, with `size_factor` of norms times the square root of their sizes."""
    norms, size = group_norms(x, axis, owner)
    total = ops.sum(norms)
    return ops.sqrt(size) * total if size_factor else total


def shrunk_groups(x, axis, threshold, size_factor, owner):
    """Returns groups of weights whose norms are smaller by a threshold, at the least 0.

    Args:
        x: A tensor; a scalar is one group.
        axis: The axis that numbers the groups, or several.
        threshold: By how much the norms shrink, a scalar.
        size_factor: Whether by the square root of the number of weights times more.
        owner: The penalty.
    """
    x = widened(x)
    norms, size = group_norms(x, axis, owner)
    threshold = ops.cast(threshold, x.dtype)
    if size_factor:
        threshold = threshold * ops.sqrt(size)
    left = ops.relu(norms - threshold)
    scale = left / ops.where(norms > 0, norms, ops.ones_like(norms))
    within = _within(x, axis, owner)
    return x * (ops.expand_dims(scale, within) if within else scale)


def _within(x, axis, owner):
    """Returns the axes of a tensor along which the members of a group lie."""
    numbering = axes_of(x, axis, "axis", owner) if len(x.shape) else ()
    return tuple(each for each in range(len(x.shape)) if each not in numbering)


def root(squares):
    """Returns the square root, with a gradient of 0 where it is 0."""
    positive = squares > 0
    one, zero = ops.ones_like(squares), ops.zeros_like(squares)
    return ops.where(positive, ops.sqrt(ops.where(positive, squares, one)), zero)
