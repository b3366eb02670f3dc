import keras
import numpy as np
import pytest
from keras import ops

from kerasreg import _backend, _random
from tests._random.reference import words as expected_words

EDGES = np.array([0, 1, 2**16 - 1, 2**16, 2**31, 2**32 - 2**16, 2**32 - 1], dtype="uint64")


@pytest.mark.parametrize("n", [1, 2, 3, 10, 255, 2**16 - 1, 2**16, 2**16 + 1, 10**6 + 3, 2**31 - 1])
def test_integers_are_the_high_word_of_the_product(n):
    words = np.concatenate([EDGES, expected_words(5, 0, (1000,)).astype("uint64")])
    found = _random.integers(ops.convert_to_tensor(words, dtype=_backend.WORD_DTYPE), 0, n)
    expected = (words * np.uint64(n)) >> np.uint64(32)
    np.testing.assert_array_equal(ops.convert_to_numpy(found), expected.astype("int64"))


def test_integers_lie_between_low_and_high():
    words = ops.convert_to_tensor(EDGES, dtype=_backend.WORD_DTYPE)
    found = ops.convert_to_numpy(_random.integers(words, -5, 5))
    assert found.min() == -5
    assert found.max() == 4


def test_a_permutation_sorts_the_words():
    words = expected_words(5, 1, (1000,))
    found = _random.permutation(ops.convert_to_tensor(words, dtype=_backend.WORD_DTYPE))
    np.testing.assert_array_equal(
        ops.convert_to_numpy(found), np.argsort(words >> np.uint32(1), kind="stable")
    )


def test_every_permutation_of_four_is_as_frequent():
    # 24 permutations, n = 4800 draws: each count is binomial with mean 200, spread 13.8.
    generator, counts = keras.random.SeedGenerator(1), {}
    key, _ = _random.next_key(generator, "test")
    many = ops.convert_to_numpy(_random.words(key, (4800, 4)))
    for row in many:
        order = tuple(np.argsort(row).tolist())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 24
    assert max(abs(count - 200) for count in counts.values()) < 5 * 13.9
