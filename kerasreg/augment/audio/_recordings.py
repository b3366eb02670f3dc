"""Recordings of which excerpts are taken."""

from typing import Any

import numpy as np
import tensorflow as tf

from kerasreg import _checks


class Recordings:
    """Recordings one after the other.

    Args:
        name: The argument's name.
        value: An array `(samples,)` or `(recordings, samples)`, or a list of arrays or lists.
        owner: Whose argument it is.
    """

    def __init__(self, name: str, value: Any, owner: object):
        found = [_waveform(name, each, owner) for each in _several(name, value, owner)]
        lengths = np.array([len(each) for each in found], np.int32)
        with tf.init_scope(), tf.device("CPU:0"):
            # Tensors that functions take as inputs: a constant would be compiled into each.
            self._samples = tf.constant(np.concatenate(found))
        self._lengths = lengths
        self._starts = np.cumsum(lengths, dtype=np.int32) - lengths

    def excerpts(self, words: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
        """Returns an excerpt for each random word, `(words, length)`, that goes round at the end.

        Every sample is the first of an excerpt with the same probability.
        """
        total = int(self._lengths.sum())
        wide = tf.cast(words, tf.uint64) * tf.constant(total, tf.uint64)
        place = tf.cast(tf.bitwise.right_shift(wide, tf.constant(32, tf.uint64)), tf.int32)
        is_past = place[:, None] >= self._starts[None, :]
        number = tf.reduce_sum(tf.cast(is_past, tf.int32), axis=1) - 1
        start = tf.gather(self._starts, number)[:, None]
        own_length = tf.gather(self._lengths, number)[:, None]
        offset = (place[:, None] - start + tf.range(length)[None, :]) % own_length
        return tf.gather(self._samples, start + offset)


def saved(value: Any) -> list:
    """Returns what `get_config` holds for recordings."""
    return [np.asarray(each).tolist() for each in value]


def _several(name: str, value: Any, owner: object) -> list:
    expected = "arrays of samples of noise"
    _checks.instance(name, value, owner, (np.ndarray, list, tuple), expected)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        _checks.refuse(name, value, owner, expected)
    if not len(value):
        _checks.refuse(name, value, owner, "at least one recording")
    is_one = np.ndim(value[0]) == 0
    return [value] if is_one else list(value)


def _waveform(name: str, value: Any, owner: object) -> np.ndarray:
    try:
        result = np.asarray(value, np.float32)
    except (TypeError, ValueError):
        _checks.refuse(name, value, owner, "samples that are numbers", error=TypeError)
    if result.ndim != 1 or not len(result):
        expected = "recordings of shape (samples,), with at least one sample"
        _checks.refuse(name, result.shape, owner, expected)
    if not np.isfinite(result).all():
        _checks.refuse(name, value, owner, "samples that are finite")
    return result
