"""Same words on every backend and in every mode: they all equal those of plain NumPy."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasreg import _backend, _random
from tests._random.reference import words as expected_words

SHAPES = [
    (1,),
    (7,),
    (3, 5),
    (128, 64),
    (128, 65),
    (2, 3, 4),
    (16, 33, 17),
    (4, 8, 8, 8),
    (1, 9001),
    (9001, 1),
    (2, 3, 4, 5, 6),
    (5, 1, 1, 3),
    (4, 1, 1025, 2),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_words_equal_those_of_numpy(shape):
    generator = keras.random.SeedGenerator(1234567)
    for step in range(2):
        key, _ = _random.next_key(generator, "test")
        for stream in (0, 1, 2, 5):
            words = ops.convert_to_numpy(_random.words(key, shape, stream))
            np.testing.assert_array_equal(words, expected_words(1234567, step, shape, stream))


def _words_as_numbers(x, key, *, shape, half):
    words = _random.words(key, shape)
    return x + ops.cast(ops.right_shift(words, 16) if half else words & 0xFFFF, x.dtype)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_words_in_a_kernel_equal_those_of_numpy(shape, monkeypatch):
    monkeypatch.setattr(_backend.backend, "SMALLEST_KERNEL", 0, raising=False)
    key, _ = _random.next_key(keras.random.SeedGenerator(99), "test")
    expected = expected_words(99, 0, shape)
    for half in (False, True):
        found = _backend.fused(_words_as_numbers)(ops.zeros(shape), key, shape=shape, half=half)
        wanted = expected >> np.uint32(16) if half else expected & np.uint32(0xFFFF)
        np.testing.assert_array_equal(ops.convert_to_numpy(found), wanted.astype("float32"))
