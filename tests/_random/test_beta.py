import keras
import numpy as np
import pytest
from keras import ops

from kerasreg import _random

N = 2**16
# P(x < value) of Beta(a, a): a regularized incomplete beta function, in closed form.
DISTRIBUTIONS = {
    0.5: lambda x: 2 / np.pi * np.arcsin(np.sqrt(x)),
    1.0: lambda x: x,
    2.0: lambda x: x**2 * (3 - 2 * x),
    3.0: lambda x: x**3 * (10 - 15 * x + 6 * x**2),
}


@pytest.fixture(scope="module")
def key():
    return _random.next_key(keras.random.SeedGenerator(3), "test")[0]


@pytest.mark.parametrize("alpha", DISTRIBUTIONS)
def test_shares_below_several_values(key, alpha):
    sample = ops.convert_to_numpy(_random.beta(key, alpha, (N,)))
    assert sample.dtype == "float32"
    for value in (0.01, 0.1, 0.3, 0.5, 0.8, 0.99):
        p = DISTRIBUTIONS[alpha](value)
        assert abs((sample < value).mean() - p) <= 5 * (p * (1 - p) / N) ** 0.5


@pytest.mark.parametrize("alpha", [0.01, 0.1, 20.0, 1e4])
def test_moments_of_extreme_parameters(key, alpha):
    sample = ops.convert_to_numpy(_random.beta(key, alpha, (N,))).astype("float64")
    variance = 1 / (4 * (2 * alpha + 1))
    assert abs(sample.mean() - 0.5) <= 5 * (variance / N) ** 0.5
    # The fourth moment of x - 1/2 is at most 3 times the variance squared, or a quarter of it.
    spread = min(3 * variance**2, variance / 4) ** 0.5
    assert abs(((sample - 0.5) ** 2).mean() - variance) <= 5 * spread / N**0.5


def test_a_scalar():
    key, _ = _random.next_key(keras.random.SeedGenerator(3), "test")
    assert ops.shape(_random.beta(key, 2.0)) == ()
