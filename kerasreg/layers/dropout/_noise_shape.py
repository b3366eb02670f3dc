"""The shape of a mask: as the user gives it, or of whole channels."""

import numpy as np

from kerasreg import _checks


def checked_noise_shape(noise_shape, owner):
    """Returns a `noise_shape` argument as a tuple of positive integers and None, or None."""
    if noise_shape is None:
        return None
    expected = "a tuple or list of integers"
    if isinstance(noise_shape, str):
        _checks.refuse("noise_shape", noise_shape, owner, expected)
    try:
        sizes = tuple(noise_shape)
    except TypeError:
        _checks.refuse("noise_shape", noise_shape, owner, expected)
    return tuple(_checked_size(size, owner) for size in sizes)


def refuse_misfit(noise_shape, shape, owner, *, training=False):
    """Refuses a checked `noise_shape` that does not broadcast to the shape of the input.

    Sizes that are not known while tracing pass. Outside training, where there is no mask, so does
    any size of the batch.
    """
    if noise_shape is None or getattr(shape, "rank", 0) is None:
        return
    own = tuple(shape)
    known = own if training else tuple(None if i == 0 else n for i, n in enumerate(own))
    pairs = zip(reversed(noise_shape), reversed(known), strict=False)
    fits = all(size in (1, None) or mine in (size, None) for size, mine in pairs)
    if len(noise_shape) > len(own) or not fits:
        expected = f"a shape that broadcasts to that of the inputs, {own}"
        _checks.refuse("noise_shape", noise_shape, owner, expected)


def whole_channels(rank, data_format):
    """Returns the noise shape that gives each channel of each example one value.

    Args:
        rank: Rank of the input, with the batch; at least 2.
        data_format: "channels_last" or "channels_first".
    """
    places = (1,) * (rank - 2)
    return (None, None, *places) if data_format == "channels_first" else (None, *places, None)


def _checked_size(size, owner):
    if size is None:
        return None
    if isinstance(size, bool) or not isinstance(size, int | np.integer):
        _checks.refuse("noise_shape", size, owner, "all elements to be integers or None")
    if size <= 0:
        _checks.refuse("noise_shape", size, owner, "all dimensions to be positive integers or None")
    return int(size)
