"""Which tokens may be changed, random numbers for tokens, and the checks of their arguments."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kerasreg import _checks
from kerasreg.augment import _draws

WORD_BITS = 32


def checked_ids(name: str, value: Any, owner: object) -> tuple[int, ...]:
    """Returns the ids of a list of tokens."""
    expected = "a list of ids of tokens, such as [101, 102]"
    if isinstance(value, np.ndarray):
        value = value.tolist()
    _checks.instance(name, value, owner, (list, tuple), expected)
    return tuple(checked_id(name, each, owner) for each in value)


def checked_id(name: str, value: Any, owner: object) -> int:
    """Returns an id of a token."""
    return _checks.whole(name, value, owner, low=None)


def checked_padding(value: Any, owner: object) -> int | None:
    """Returns the id of padding, or None."""
    return None if value is None else checked_id("padding_id", value, owner)


def is_free(tokens: tf.Tensor, protected: Sequence[int], padding_id: int | None) -> tf.Tensor:
    """Returns which tokens may be changed: neither protected nor padding."""
    kept = protected if padding_id is None else (*protected, padding_id)
    result = tf.ones(tf.shape(tokens), tf.bool)
    for each in kept:
        result = tf.logical_and(result, tf.cast(tokens, tf.int64) != each)
    return result


def check_fits(name: str, token: int | None, parts: dict[str, Any], owner: object) -> None:
    """Refuses an id that the type of the tokens cannot hold."""
    dtype = parts["tokens"].dtype
    if token is not None and not dtype.min <= token <= dtype.max:
        fix = f"They are {dtype.name}: cast them in a `map` before."
        _checks.refuse(name, token, owner, "an id that the type of the tokens can hold", fix=fix)


def per_example(rate: Any, words: tf.Tensor) -> tf.Tensor:
    """Returns a rate for each example, in float64, exact to 2**-32."""
    return tf.broadcast_to(tf.cast(rate, tf.float64), tf.shape(words)[:1])


def happens(key: tf.Tensor, rate: tf.Tensor, tokens: tf.Tensor) -> tf.Tensor:
    """Returns booleans for each token that are True with the rate of its example."""
    return _draws.happens(_draws.pixel_words(key, tf.shape(tokens)), rate[:, None])


def rounded_at_random(words: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    """Returns one of the two integers next to a float64, so that its mean is the float64.

    Args:
        words: uint32 tensor.
        amount: float64 tensor of their shape, of at least 0.
    """
    share = tf.cast(words, tf.float64) * 2.0**-WORD_BITS
    return tf.cast(tf.floor(amount + share), tf.int32)


def below(words: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Returns integers from 0 to below `count`, as int64, each with the same probability."""
    wide = tf.cast(words, tf.uint64) * tf.cast(count, tf.uint64)
    return tf.cast(tf.bitwise.right_shift(wide, tf.constant(WORD_BITS, tf.uint64)), tf.int64)


def shuffled(words: tf.Tensor, groups: tf.Tensor) -> tf.Tensor:
    """Returns an order of places: group by group, at random within each.

    Args:
        words: Random uint32 tensor `(examples, places)`.
        groups: int32 tensor of that shape, from 0 to 3.
    """
    keys = tf.bitwise.left_shift(groups, 29)
    keys += tf.cast(tf.bitwise.right_shift(words, tf.constant(3, tf.uint32)), tf.int32)
    return tf.argsort(keys, axis=1, stable=True)
