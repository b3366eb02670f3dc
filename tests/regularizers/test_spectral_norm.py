import keras
import numpy as np
import pytest

from kerasreg.regularizers import SpectralNorm


def test_value_of_a_convolution_kernel():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 2, 5))
    expected = 0.1 * np.linalg.norm(kernel.reshape(18, 5), 2) ** 2
    assert float(SpectralNorm(0.1, iterations=50)(kernel)) == pytest.approx(expected, rel=1e-4)


def test_gradient_is_that_of_the_largest_singular_value(gradient):
    weights = np.random.default_rng(1).normal(size=(4, 3))
    left, values, right = np.linalg.svd(weights)
    expected = 2 * 0.5 * values[0] * np.outer(left[:, 0], right[0])
    found = gradient(SpectralNorm(0.5, iterations=60), weights)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_never_above_the_spectral_norm():
    for seed in range(5):
        weights = np.random.default_rng(seed).normal(size=(6, 6))
        exact = np.linalg.norm(weights, 2) ** 2
        found = [float(SpectralNorm(1.0, rounds)(weights)) for rounds in (1, 2, 4, 8)]
        assert found == sorted(found)
        assert found[-1] <= exact * (1 + 1e-6)


def test_training_makes_the_largest_singular_value_small():
    layer = keras.layers.Dense(4, use_bias=False, kernel_regularizer=SpectralNorm(0.1))
    model = keras.Sequential([keras.Input((5,)), layer])
    before = np.linalg.svd(layer.get_weights()[0])[1]
    model.compile(keras.optimizers.SGD(0.5), "mse")
    model.fit(np.zeros((4, 5)), np.zeros((4, 4)), epochs=5, batch_size=4, verbose=0)
    after = np.linalg.svd(layer.get_weights()[0])[1]
    assert after[0] < 0.8 * before[0]
    np.testing.assert_allclose(after[-1], before[-1], rtol=0.2)
