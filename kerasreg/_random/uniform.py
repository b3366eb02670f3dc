"""Uniform numbers from words."""

from keras import ops


def uniform(words):
    """Returns float32 numbers in [0, 1): the upper 24 bits of each word, all that fit exactly."""
    return _upper(words, 24) * 2.0**-24


def open_uniform(words):
    """Returns float32 numbers in (0, 1), symmetric about 1/2: the midpoints of 2**23 intervals."""
    return (_upper(words, 23) + 0.5) * 2.0**-23


def _upper(words, bits):
    # Through int32, from which XLA converts faster than from uint32.
    return ops.cast(ops.cast(ops.right_shift(words, 32 - bits), "int32"), "float32")
