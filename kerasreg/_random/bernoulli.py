"""Keep or drop, by comparing words with an integer."""

from keras import ops

from kerasreg import _backend
from kerasreg._backend import word

_WORDS = 2**32


def limit(rate):
    """Returns the limit below which a word means "drop", for a rate that is a number or a tensor.

    Args:
        rate: Share to drop. A Python number gives exactly `round(rate * 2**32)`; a scalar
            float32 tensor (a schedule's value) is rounded in the same way, from its float32
            value, and clipped to [0, 1].

    Returns:
        One word, or two where the rate may be 1: 2**32 is no word, so a second word of 0 then says
        that everything is dropped. `keep` and `where_kept` know both.
    """
    if isinstance(rate, int | float):
        threshold = round(rate * _WORDS)
        values = [0, 0] if threshold == _WORDS else [threshold]
        return ops.convert_to_tensor(values, dtype=_backend.WORD_DTYPE)
    rate = ops.clip(ops.cast(rate, "float32"), 0.0, 1.0)
    below_one = rate < 1.0
    threshold = ops.round(ops.where(below_one, rate, 0.0) * float(_WORDS))
    return ops.stack([ops.cast(threshold, _backend.WORD_DTYPE), _as_word(below_one)])


def keep(words, limit):
    """Returns True where an element is kept: `words >= limit`."""
    kept = words >= limit[0]
    if limit.shape[0] == 2:
        kept = ops.logical_and(kept, limit[1] > word(0))
    return kept


def _as_word(flag):
    return ops.cast(flag, _backend.WORD_DTYPE)
