"""Keep or drop, by comparing words with an integer."""

from keras import ops

from kerasreg import _backend
from kerasreg._backend import word

_WORDS = 2**32
_ALL_BITS = _WORDS - 1


def limit(rate):
    """Returns the limit below which a word means "drop", for a rate that is a number or a tensor.

    Args:
        rate: Share to drop. A Python number gives exactly `round(rate * 2**32)`; a scalar
            float32 tensor (a schedule's value) is rounded in the same way, from its float32
            value, and clipped to [0, 1].

    Returns:
        Three words: the limit; a mask for what is kept (all bits set, but 0 at rate 1, for 2**32
        is no word); and 0, for the kernel of `where_kept`.
    """
    if isinstance(rate, int | float):
        threshold = round(rate * _WORDS)
        values = [0, 0, 0] if threshold == _WORDS else [threshold, _ALL_BITS, 0]
        return ops.convert_to_tensor(values, dtype=_backend.WORD_DTYPE)
    rate = ops.clip(ops.cast(rate, "float32"), 0.0, 1.0)
    below_one = rate < 1.0
    threshold = ops.round(ops.where(below_one, rate, 0.0) * float(_WORDS))
    mask = _as_words(below_one) * word(_ALL_BITS)
    return ops.stack([_as_words(threshold), mask, ops.zeros_like(mask)])


def keep(words, limit):
    """Returns True where an element is kept: `words >= limit[0]`, and never at rate 1."""
    return ops.logical_and(words >= limit[0], limit[1] > word(0))


def _as_words(values):
    return ops.cast(values, _backend.WORD_DTYPE)
