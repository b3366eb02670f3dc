import math
from statistics import NormalDist

import numpy as np
import pytest
from keras import ops

from kerasreg import _backend, _random
from tests._random.reference import words as expected_words

N = 2**20


@pytest.fixture(scope="module")
def sample():
    words = ops.convert_to_tensor(expected_words(5, 0, (N,)), dtype=_backend.WORD_DTYPE)
    return ops.convert_to_numpy(_random.normal(words)).astype("float64")


def as_words(values):
    return ops.convert_to_tensor(np.array(values), dtype=_backend.WORD_DTYPE)


def test_it_is_the_inverse_of_the_normal_distribution():
    tail = np.unique(np.geomspace(1, 2**31 - 1, 200).astype("int64"))
    found = ops.convert_to_numpy(_random.normal(as_words(2 * tail))).astype("float64")
    exact = np.array([-NormalDist().inv_cdf((t + 0.5) / 2**32) for t in tail])
    np.testing.assert_allclose(found, exact, rtol=2e-4, atol=2e-6)


def test_the_lowest_bit_is_the_sign_and_both_tails_reach_six():
    low, high = ops.convert_to_numpy(_random.normal(as_words([1, 0])))
    assert low == -high
    assert 6.2 < high < 6.5


def test_four_moments(sample):
    # Spreads of the sample moments of a normal distribution: of x 1, of x^2 2**0.5, of x^3
    # 15**0.5, of x^4 96**0.5, each over the root of n = 2**20.
    for power, mean, spread in [(1, 0, 1), (2, 1, 2**0.5), (3, 0, 15**0.5), (4, 3, 96**0.5)]:
        assert abs((sample**power).mean() - mean) < 5 * spread / N**0.5


def test_shares_beyond_each_standard_deviation(sample):
    for limit in (1.0, 2.0, 3.0, 4.0):
        p = 0.5 * math.erfc(limit / 2**0.5)
        spread = (p * (1 - p) / N) ** 0.5
        assert abs((sample > limit).mean() - p) < 5 * spread
        assert abs((sample < -limit).mean() - p) < 5 * spread
