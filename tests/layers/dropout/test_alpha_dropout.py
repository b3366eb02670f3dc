import keras
import numpy as np
import pytest
from keras import ops

from kerasreg import _backend, _random
from kerasreg.layers import AlphaDropout
from kerasreg.layers.dropout import _alpha_drop
from tests._random.reference import words

# Where SELU saturates: -scale * alpha, constants of Klambauer et al. 2017.
SATURATION = -1.7580993408473766


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


def expected(x, keep, rate):
    """The paper's formula, with q = 1 - rate."""
    q = 1 - rate
    a = (q + SATURATION**2 * q * (1 - q)) ** -0.5
    b = -a * (1 - q) * SATURATION
    return a * np.where(keep, x, SATURATION) + b


def expected_mask(seed, shape, rate):
    return words(seed, 0, shape) >= round(rate * 2**32)


def test_apply_gives_the_values_of_the_formula():
    x = ops.convert_to_tensor([1.0, -1.0, 0.5, 2.0])
    drawn = ops.convert_to_tensor([2**32 - 1, 0, 2**31, 5], dtype=_backend.WORD_DTYPE)
    a, b = map(ops.convert_to_tensor, _alpha_drop.affine(0.2))
    np.testing.assert_allclose([a, b], [0.8789036, 0.30904], atol=1e-6)
    y = _alpha_drop.apply(x, drawn, _random.limit(0.2), a, b)
    np.testing.assert_allclose(y, [1.187944, -1.23616, 0.7484918, -1.23616], atol=1e-6)
    dx = _alpha_drop.gradient(x, drawn, _random.limit(0.2), a)
    np.testing.assert_allclose(dx, [0.8789036, 0.0, 0.4394518, 0.0], atol=1e-6)


@pytest.mark.parametrize("shape", [(6, 7), (100, 101)], ids=str)
def test_the_layer_draws_and_applies(shape):
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    y = numpy(AlphaDropout(0.3, seed=4)(x, training=True))
    keep = expected_mask(4, shape, 0.3)
    np.testing.assert_allclose(y, expected(x, keep, 0.3), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.5, 0.9])
def test_mean_zero_and_variance_one_are_kept(rate):
    n = 10**6
    x = np.random.default_rng(1).normal(size=(1000, 1000)).astype("float32")
    y = numpy(AlphaDropout(rate, seed=2)(x, training=True)).astype("float64")
    # Independent values: their mean has the deviation 1/sqrt(n), that of their squares
    # the deviation of the squares by sqrt(n).
    assert abs(y.mean()) < 5 / np.sqrt(n)
    assert abs((y**2).mean() - 1) < 5 * (y**2).std() / np.sqrt(n)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("rate", [0.0001, 0.001, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_the_share_dropped(rate, dtype):
    y = numpy(AlphaDropout(rate, seed=3, dtype=dtype)(ops.ones((1000, 1000), dtype), training=True))
    dropped = (y < y.mean()).mean() if rate < 0.5 else 1 - (y > y.mean()).mean()
    assert abs(dropped - rate) < 5 * np.sqrt(rate * (1 - rate) / 10**6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_dropped_nan_and_infinity_take_the_saturation_value(bad, dtype):
    shape = (100, 100)
    x = ops.cast(np.full(shape, bad), dtype)
    y = numpy(AlphaDropout(0.5, seed=2, dtype=dtype)(x, training=True))
    keep = expected_mask(2, shape, 0.5)
    np.testing.assert_allclose(y[~keep], expected(0.0, False, 0.5), rtol=8e-3)
    np.testing.assert_array_equal(y[keep], np.float32(bad))


@pytest.mark.skipif(keras.config.backend() == "jax", reason="JAX computes in float32")
def test_float64_keeps_its_precision():
    x = np.random.default_rng(0).normal(size=(20, 30))
    y = ops.convert_to_numpy(AlphaDropout(0.2, seed=1, dtype="float64")(x, training=True))
    np.testing.assert_allclose(y, expected(x, expected_mask(1, x.shape, 0.2), 0.2), 1e-12)


@pytest.mark.parametrize("noise_shape", [(None, 1, None), (16, 1, 17), (33, 1)], ids=str)
def test_noise_shape_broadcasts_one_mask(noise_shape):
    shape = (16, 33, 17)
    drawn = tuple(
        n or size for n, size in zip(noise_shape, shape[-len(noise_shape) :], strict=True)
    )
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    y = numpy(AlphaDropout(0.4, noise_shape=noise_shape, seed=8)(x, training=True))
    keep = np.broadcast_to(expected_mask(8, drawn, 0.4), shape)
    np.testing.assert_allclose(y, expected(x, keep, 0.4), rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="written with a gradient tape")
@pytest.mark.parametrize("shape", [(6, 7), (100, 101)], ids=str)
def test_gradients_of_first_and_second_order(shape):
    import tensorflow as tf

    x, upstream = tf.random.stateless_normal((2, *shape), (0, 1))
    layer = AlphaDropout(0.4, seed=9)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(upstream * layer(x, training=True) ** 2)
        first = tape.gradient(loss, x)
    second = outer.gradient(first, x)
    keep = expected_mask(9, shape, 0.4)
    slope = np.where(keep, (0.6 + SATURATION**2 * 0.24) ** -0.5, 0)
    y = expected(x.numpy(), keep, 0.4)
    np.testing.assert_allclose(first, 2 * upstream * y * slope, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(second, 2 * upstream * slope**2, rtol=1e-4, atol=1e-5)
