import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from kerasreg.augment._beta import beta, dirichlet

N = 40_000


def keys(count=N, seed=0):
    words = np.random.default_rng(seed).integers(0, 2**32, (count, 2), np.uint64)
    return tf.constant(words.astype("uint32"))


@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.5, 1.0, 2.0, 30.0])
def test_the_distribution_is_scipys(alpha):
    """Kolmogorov and Smirnov's distance, whose chance of five sigma is 1 in 3.5 million."""
    found = np.sort(beta(keys(), alpha).numpy().astype("float64"))
    # Where the density is infinite, float32 gathers at 0 and 1.
    inside = (found > 1e-6) & (found < 1 - 1e-6)
    expected = stats.beta(alpha, alpha).cdf(found)
    steps = np.arange(1, N + 1) / N
    distance = np.max(np.abs(steps - expected)[inside])
    assert distance <= stats.kstwobign.isf(2.9e-7) / np.sqrt(N) + 1 / N


@pytest.mark.parametrize("alpha", [0.3, 1.0])
def test_each_share_of_several_is_beta_distributed_and_they_add_up(alpha):
    found = dirichlet(keys(), alpha, 3).numpy().astype("float64")
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    spread = stats.beta(alpha, 2 * alpha).std()
    assert np.abs(found.mean(axis=0) - 1 / 3).max() <= 5 * spread / np.sqrt(N)
    product = found[:, 0] * found[:, 1]
    expected = alpha**2 / (3 * alpha * (3 * alpha + 1))
    assert abs(product.mean() - expected) <= 5 * product.std() / np.sqrt(N)


def test_each_example_may_have_its_own_parameter():
    alphas = tf.constant([0.2, 2.0, 5.0] * 20)
    found = beta(keys(60), alphas).numpy()
    for i, alpha in enumerate([0.2, 2.0, 5.0]):
        np.testing.assert_array_equal(found[i::3], beta(keys(60), alpha).numpy()[i::3])


def test_a_tiny_parameter_gives_all_or_nothing():
    found = beta(keys(2000), 1e-30).numpy()
    assert set(found) == {0.0, 1.0}
    assert abs(found.mean() - 0.5) <= 5 * 0.5 / np.sqrt(2000)
