"""Soft thresholding, the proximal operator of sum |w|."""

from keras import ops


def soft_threshold(x, threshold):
    """Returns `sign(x) * max(|x| - threshold, 0)`, in which small values are exactly 0."""
    return ops.sign(x) * ops.relu(ops.absolute(x) - ops.cast(threshold, x.dtype))


def elastic_net_step(x, step, l1, l2):
    """Returns the proximal operator of `step * (l1 * sum(|w|) + l2 * sum(w^2))`.

    Args:
        x: Weights, in at least float32.
        step: Step size, a scalar tensor or a number.
        l1: Factor of the sum of absolute values.
        l2: Factor of the sum of squares.
    """
    step = ops.cast(step, x.dtype)
    return soft_threshold(x, step * l1) / (1 + 2 * step * l2)
