"""Integers in a range from words."""

from keras import ops

from kerasreg._backend import low32, word


def integers(words, low, high):
    """Returns int32 integers in [low, high).

    The integer is `low + floor(word * n / 2**32)` with n = high - low (multiply and shift, Lemire
    2019), computed exactly. No value is off its probability 1/n by more than 2**-32.

    Args:
        words: Random words.
        low: Smallest integer.
        high: One more than the largest; a Python integer, as `low`.
    """
    n = high - low
    n_high, n_low = word(n >> 16), word(n & 0xFFFF)
    w_high, w_low = ops.right_shift(words, 16), words & word(0xFFFF)
    middle = w_high * n_low + ops.right_shift(w_low * n_low, 16)
    carry = low32((middle & word(0xFFFF)) + w_low * n_high)
    product = w_high * n_high + ops.right_shift(middle, 16) + ops.right_shift(carry, 16)
    return ops.cast(product, "int32") + low


def permutation(words):
    """Returns the positions 0 to n - 1 of a vector of n words in random order, as int32.

    They are sorted by the upper 31 bits of their words. Where two agree (for n = 1000, once in
    4000 calls), the order of that pair is not random.
    """
    return ops.cast(ops.argsort(ops.cast(ops.right_shift(words, 1), "int32")), "int32")
