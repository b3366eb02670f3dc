"""Simple statistics of the words, each within five standard deviations of what chance gives.

The stream as a whole goes through dieharder in benchmarks/random_quality.py. Here the words come
from `tests/_random/reference.py`; `test_words.py` shows that they are those of the package.
"""

import numpy as np
import pytest

from tests._random.reference import words

STEPS, SIZE = 4096, 1024


@pytest.fixture(scope="module")
def draws():
    """4096 steps of 1024 words, as fractions of 2**32."""
    return np.stack([words(7, step, (SIZE,)) for step in range(STEPS)])


def bits_of(array, bit):
    return (array >> np.uint32(bit)) & np.uint32(1)


def correlation(a, b):
    a, b = a.ravel() / 2**32 - 0.5, b.ravel() / 2**32 - 0.5
    return (a * b).mean() * 12


def test_every_element_is_dropped_at_the_rate_over_many_steps(draws):
    # 1024 counts, each binomial of n = 4096; of as many, one beyond 5 deviations is expected in
    # 1700 runs of such a test; the seed is fixed.
    for rate in (0.01, 0.5, 0.9):
        share = (draws < np.uint32(round(rate * 2**32))).mean(axis=0)
        assert np.abs(share - rate).max() < 5 * (rate * (1 - rate) / STEPS) ** 0.5
        # The spread of the counts themselves: chi-square of 1024 degrees of freedom.
        chi_square = ((share - rate) ** 2 / (rate * (1 - rate) / STEPS)).sum()
        assert abs(chi_square - SIZE) < 5 * (2 * SIZE) ** 0.5


@pytest.mark.parametrize("lag", [1, 2, 3, 7, 8, 16, 64, 255, 256])
def test_elements_of_one_call_are_uncorrelated(draws, lag):
    n = draws[:, lag:].size
    assert abs(correlation(draws[:, lag:], draws[:, :-lag])) < 5 / n**0.5


@pytest.mark.parametrize("lag", [1, 2, 3, 16, 1024])
def test_steps_are_uncorrelated(draws, lag):
    n = draws[lag:].size
    assert abs(correlation(draws[lag:], draws[:-lag])) < 5 / n**0.5
    for shift in (1, -1):
        shifted = np.roll(draws[:-lag], shift, axis=1)
        assert abs(correlation(draws[lag:], shifted)) < 5 / n**0.5


@pytest.mark.parametrize("difference", [1, 2, 2**16, 2**30])
def test_seeds_are_uncorrelated(difference):
    n = 2**20
    first, second = words(7, 0, (n,)), words(7 + difference, 0, (n,))
    for shift in (0, 1, -1, 64):
        assert abs(correlation(first, np.roll(second, shift))) < 5 / n**0.5


def test_streams_and_replicas_are_uncorrelated():
    n = 2**20
    base = words(7, 0, (n,))
    others = [words(7, 0, (n,), stream=s) for s in (1, 2, 3, 4)] + [words(7, 0, (n,), replica=1)]
    for other in others:
        assert abs(correlation(base, other)) < 5 / n**0.5


@pytest.mark.parametrize("bit", range(32))
def test_every_bit_is_set_half_of_the_time_and_changes_half_of_the_time(draws, bit):
    bits = bits_of(draws, bit)
    n = bits.size
    assert abs(bits.mean() - 0.5) < 5 * 0.5 / n**0.5
    assert abs((bits[:, 1:] != bits[:, :-1]).mean() - 0.5) < 5 * 0.5 / n**0.5
    assert abs((bits[1:] != bits[:-1]).mean() - 0.5) < 5 * 0.5 / n**0.5


@pytest.mark.parametrize("shift", [0, 24])
def test_low_and_high_bytes_are_uniform(draws, shift):
    counts = np.bincount(((draws >> np.uint32(shift)) & np.uint32(255)).ravel(), minlength=256)
    expected = draws.size / 256
    chi_square = ((counts - expected) ** 2 / expected).sum()
    assert abs(chi_square - 255) < 5 * (2 * 255) ** 0.5


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_runs_of_dropped_elements_have_geometric_lengths(draws, rate):
    dropped = draws.ravel() < np.uint32(round(rate * 2**32))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], dropped.view("int8"), [0]])))
    lengths = edges[1::2] - edges[::2]
    for length in range(1, 6):
        p = rate ** (length - 1) * (1 - rate)
        share = (lengths == length).mean()
        assert abs(share - p) < 5 * (p * (1 - p) / lengths.size) ** 0.5


def test_words_of_one_call_repeat_as_often_as_random_ones():
    # n = 2**20 words have n**2 / 2**33 = 128 equal pairs on average, Poisson; a permutation of
    # the index has none. 16 calls: 2048 pairs.
    pairs = 0
    for step in range(16):
        _, counts = np.unique(words(7, step, (2**20,)), return_counts=True)
        pairs += int((counts * (counts - 1) // 2).sum())
    assert abs(pairs - 2048) < 5 * 2048**0.5
