from statistics import NormalDist

import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.layers import GaussianNoise
from kerasreg.layers.noise import gaussian_noise

N = 10**6


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32")).astype("float64")


def test_apply_gives_the_values_of_the_formula():
    x, noise = ops.convert_to_tensor([1.0, -2.0, 3.0]), ops.convert_to_tensor([0.5, -1.0, 2.0])
    y = gaussian_noise.apply(x, noise, ops.convert_to_tensor(0.5))
    np.testing.assert_allclose(y, [1.25, -2.5, 4.0], atol=1e-6)


@pytest.fixture(scope="module", params=["kernel", "plain"])
def noise(request):
    """A million numbers: in one call, and in calls too small for a kernel."""
    layer = GaussianNoise(2.0, seed=1)
    if request.param == "kernel":
        return numpy(layer(ops.zeros((1000, 1000)), training=True)) / 2
    drawn = [numpy(layer(ops.zeros((8000,)), training=True)) for _ in range(N // 8000)]
    return np.concatenate(drawn) / 2


def test_the_first_moments_are_those_of_the_normal_distribution(noise):
    # Deviations of the sample moments of n standard normal numbers: sqrt of 1, 2, 15, 96 over n.
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((noise**power).mean() - moment) < 5 * np.sqrt(variance / N), power


@pytest.mark.parametrize("bound", [0.001, 0.1, 0.5, 1, 2, 3, 4, 4.5])
def test_the_tails_are_those_of_the_normal_distribution(noise, bound):
    share = 1 - NormalDist().cdf(bound)
    allowed = 5 * np.sqrt(share * (1 - share) / N)
    assert abs((noise > bound).mean() - share) < allowed
    assert abs((noise < -bound).mean() - share) < allowed


def test_neighbours_are_independent(noise):
    flat = noise.ravel()
    for lag in (1, 2, 3, 8, 1000):
        for values in (flat, flat**2 - 1):
            product = values[lag:] * values[:-lag]
            assert abs(product.mean()) < 5 * product.std() / np.sqrt(product.size), lag


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_half_and_double_precision_have_the_same_deviation(dtype):
    y = numpy(
        GaussianNoise(3.0, seed=1, dtype=dtype)(ops.zeros((1000, 1000), dtype), training=True)
    )
    assert abs(y.mean()) < 5 * 3 / np.sqrt(N)
    # Rounding to bfloat16 adds at most 2**-18 of the variance.
    assert abs(y.std() - 3) < 5 * 3 / np.sqrt(2 * N) + 3 * 2.0**-18


def test_noise_is_added_to_the_input():
    x = np.random.default_rng(0).normal(size=(90, 100)).astype("float32")
    alone = numpy(GaussianNoise(0.5, seed=6)(np.zeros_like(x), training=True))
    both = numpy(GaussianNoise(0.5, seed=6)(x, training=True))
    np.testing.assert_allclose(both, x + alone, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_relative_noise_is_scaled_by_the_deviation_of_the_whole_batch(dtype):
    x = np.random.default_rng(0).normal(5, 300, size=(90, 100)).astype(dtype)
    alone = numpy(GaussianNoise(0.5, seed=6)(np.zeros(x.shape, "float32"), training=True))
    layer = GaussianNoise(0.5, seed=6, relative=True, dtype=dtype)
    both = numpy(layer(x, training=True))
    wide = x.astype("float64")
    tolerance = {"float16": 2.0**-10, "float32": 1e-5}[dtype]
    np.testing.assert_allclose(both, wide + alone * wide.std(), rtol=tolerance, atol=1e-3)


def test_relative_noise_leaves_constant_inputs_alone():
    y = numpy(GaussianNoise(0.5, relative=True)(ops.full((90, 100), 3.0), training=True))
    np.testing.assert_array_equal(y, 3.0)


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="written with a gradient tape")
@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("shape", [(6, 7), (90, 100)], ids=str)
def test_the_gradient_is_that_of_the_identity(relative, shape):
    import tensorflow as tf

    x, upstream = tf.random.stateless_normal((2, *shape), (0, 1))
    layer = GaussianNoise(2.0, relative=relative)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
    np.testing.assert_array_equal(tape.gradient(y, x, output_gradients=upstream), upstream)


def test_relative_is_checked():
    with pytest.raises(TypeError, match="`relative`"):
        GaussianNoise(0.5, relative=1)
