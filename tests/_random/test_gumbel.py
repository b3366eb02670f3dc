import numpy as np
import pytest
from keras import ops

from kerasreg import _backend, _random
from tests._random.reference import words as expected_words

N = 2**18


@pytest.fixture(scope="module")
def words():
    return ops.convert_to_tensor(expected_words(5, 0, (N,)), dtype=_backend.WORD_DTYPE)


@pytest.mark.parametrize(
    ("draw", "distribution"),
    [
        (_random.gumbel, lambda x: np.exp(-np.exp(-x))),
        (_random.logistic, lambda x: 1 / (1 + np.exp(-x))),
    ],
)
def test_shares_below_several_values(words, draw, distribution):
    sample = ops.convert_to_numpy(draw(words))
    assert np.isfinite(sample).all()
    for value in (-4.0, -1.0, 0.0, 1.0, 4.0):
        p = distribution(value)
        assert abs((sample < value).mean() - p) <= 5 * (p * (1 - p) / N) ** 0.5


def test_the_extreme_words_are_finite():
    edges = ops.convert_to_tensor(np.array([0, 2**32 - 1]), dtype=_backend.WORD_DTYPE)
    np.testing.assert_allclose(
        ops.convert_to_numpy(_random.gumbel(edges)), [-2.81, 16.64], atol=0.02
    )
    np.testing.assert_allclose(
        ops.convert_to_numpy(_random.logistic(edges)), [-16.64, 16.64], atol=0.02
    )


def test_the_largest_of_gumbel_draws_is_a_categorical_draw():
    # Gumbel-max: argmax of log p + gumbel has distribution p. n = 2**16 draws.
    p = np.array([0.1, 0.2, 0.3, 0.4])
    words = ops.convert_to_tensor(expected_words(6, 0, (N // 4, 4)), dtype=_backend.WORD_DTYPE)
    choice = np.argmax(np.log(p) + ops.convert_to_numpy(_random.gumbel(words)), axis=1)
    shares = np.bincount(choice, minlength=4) / (N // 4)
    assert (np.abs(shares - p) < 5 * (p * (1 - p) / (N // 4)) ** 0.5).all()
