"""The sum of each channel."""

import math

from keras import ops

from kerasreg._backend.under_xla import has_gpu, under_xla

PARTS = 8
# With fewer rows the parts gain nothing.
FEWEST_ROWS = 64


def channel_sum(x, axis: int):
    """Returns the sums of `x` over all axes but one, as a vector.

    On a CPU, XLA walks down one channel at a time when it computes the summands in the same loop, a
    few times slower than memory. The tensor is therefore cut into parts, which are added element by
    element, and only their sum is summed up.
    """
    axes = [i for i in range(len(x.shape)) if i != axis]
    before = x.shape[:axis]
    too_few = None not in before and math.prod(before) < FEWEST_ROWS
    if too_few or not under_xla() or has_gpu():
        return ops.sum(x, axis=axes)
    sizes = ops.shape(x)
    rows, channels, after = math.prod(sizes[:axis]), sizes[axis], math.prod(sizes[axis + 1 :])
    x = ops.reshape(x, (rows, channels, after))
    in_parts = rows // PARTS * PARTS
    parts = ops.reshape(x[:in_parts], (PARTS, rows // PARTS, channels, after))
    total = parts[0]
    for i in range(1, PARTS):
        total = total + parts[i]
    total = ops.sum(total, axis=(0, 2))
    if not isinstance(rows, int) or rows % PARTS:
        total = total + ops.sum(x[in_parts:], axis=(0, 2))
    return total
