from statistics import NormalDist

import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.layers import GaussianDropout
from kerasreg.layers.dropout import gaussian_dropout
from tests._random.reference import words


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32")).astype("float64")


def noise(seed, shape):
    """The inverse distribution function: the lowest bit is the sign, the others the tail."""
    drawn = words(seed, 0, shape).ravel().tolist()
    inverse = NormalDist().inv_cdf
    values = [(2 * (w & 1) - 1) * inverse(((w >> 1) + 0.5) * 2.0**-32) for w in drawn]
    return np.reshape(values, shape)


def test_apply_gives_the_values_of_the_formula():
    x = ops.convert_to_tensor([1.0, -2.0, 3.0])
    sigma = gaussian_dropout.noise_stddev(0.2)
    assert sigma == pytest.approx(0.5)
    y = gaussian_dropout.apply(x, ops.convert_to_tensor([0.5, -1.0, 2.0]), ops.array(sigma))
    np.testing.assert_allclose(y, [1.25, -1.0, 6.0], atol=1e-6)


@pytest.mark.parametrize("shape", [(6, 7), (90, 100)], ids=str)
def test_the_layer_draws_and_applies(shape):
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    y = numpy(GaussianDropout(0.2, seed=4)(x, training=True))
    np.testing.assert_allclose(y, x * (1 + 0.5 * noise(4, shape)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("rate", [0.01, 0.3, 0.9])
def test_mean_one_and_variance_of_dropout(rate, dtype):
    n = 10**6
    layer = GaussianDropout(rate, seed=2, dtype=dtype)
    y = numpy(layer(ops.ones((1000, 1000), dtype), training=True))
    variance = rate / (1 - rate)
    # Rounding to eps * y spreads values by about eps / sqrt(12), without moving their mean.
    rounding = {"float16": 2.0**-10, "bfloat16": 2.0**-7}.get(dtype, 0) ** 2 / 12 * (1 + variance)
    assert abs(y.mean() - 1) < 5 * np.sqrt((variance + rounding) / n)
    assert abs(y.var() - variance) < 5 * variance * np.sqrt(2 / n) + 4 * rounding


def test_the_input_scales_the_noise():
    x = np.random.default_rng(3).normal(size=(90, 100)).astype("float32")
    ones = numpy(GaussianDropout(0.4, seed=6)(np.ones_like(x), training=True))
    np.testing.assert_allclose(
        numpy(GaussianDropout(0.4, seed=6)(x, training=True)), x * ones, rtol=1e-5
    )


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="written with a gradient tape")
@pytest.mark.parametrize("shape", [(6, 7), (90, 100)], ids=str)
def test_gradients_of_first_and_second_order(shape):
    import tensorflow as tf

    x, upstream = tf.random.stateless_normal((2, *shape), (0, 1))
    factor = numpy(GaussianDropout(0.4, seed=9)(tf.ones(shape), training=True))
    layer = GaussianDropout(0.4, seed=9)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(upstream * layer(x, training=True) ** 2)
        first = tape.gradient(loss, x)
    second = outer.gradient(first, x)
    np.testing.assert_allclose(first, 2 * upstream * x * factor**2, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(second, 2 * upstream * factor**2, rtol=1e-4, atol=1e-5)
