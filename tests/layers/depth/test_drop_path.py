import keras
import numpy as np
import pytest
from keras import ops

from kerasreg import _backend
from kerasreg.layers import DropPath
from tests.layers.depth.by_hand import kept, numbers, numpy, output_and_gradients

SHAPES = [(9,), (7, 3), (5, 4, 3), (3, 6, 5, 4), (1, 2, 3), (0, 4), (40, 41, 13)]


@pytest.fixture(params=["as decided", "kernels", "plain"])
def mode(request, monkeypatch):
    if request.param == "kernels":
        monkeypatch.setattr(_backend.backend, "SMALLEST_KERNEL", 0, raising=False)
    _backend.use_fused(request.param != "plain")
    yield request.param
    _backend.use_fused(True)


def factors(seed, step, shape, rate):
    """Returns b / (1 - rate) for each sample, in a shape that broadcasts."""
    samples = (shape[0],) + (1,) * (len(shape) - 1)
    return kept(seed, step, samples, rate) / (1 - rate)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_each_sample_stays_or_goes_as_a_whole(shape, mode):
    layer, x = DropPath(0.4, seed=11), numbers(*shape)
    for step in range(2):
        expected = x * factors(11, step, shape, 0.4)
        np.testing.assert_allclose(numpy(layer(x, training=True)), expected, rtol=1e-6)


def test_the_gradient_goes_the_same_way(mode):
    x, upstream = numbers(40, 41, 13), numbers(40, 41, 13, seed=1)
    layer = DropPath(0.4, seed=11)
    _, (found,) = output_and_gradients(lambda x: layer(x, training=True), [x], upstream)
    expected = upstream * factors(11, 0, x.shape, 0.4)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_drops_the_same_samples(dtype, mode):
    layer = DropPath(0.4, seed=11, dtype=dtype)
    y = layer(ops.ones((40, 41, 13), dtype), training=True)
    assert keras.backend.standardize_dtype(y.dtype) == dtype
    expected = np.broadcast_to(factors(11, 0, y.shape, 0.4), y.shape)
    tolerance = {"float16": 2.0**-11, "bfloat16": 2.0**-8}[dtype]
    np.testing.assert_allclose(numpy(y), expected, rtol=tolerance)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_a_dropped_branch_has_computed_is_gone(bad, mode):
    y = numpy(DropPath(0.5, seed=2)(ops.full((64, 300), bad), training=True))
    stays = kept(2, 0, (64,), 0.5) == 1
    assert 0 < stays.sum() < 64
    assert not y[~stays].any()
    np.testing.assert_array_equal(y[stays], np.float32(bad))


@pytest.mark.parametrize("rate", [0.01, 0.2, 0.5, 0.9])
def test_the_share_dropped_and_the_mean_are_right(rate):
    # n = 2**18 samples; five standard deviations of the binomial share.
    n = 2**18
    y = numpy(DropPath(rate, seed=3)(ops.ones((n, 1)), training=True)).astype("float64")
    spread = (rate * (1 - rate) / n) ** 0.5
    assert abs((y == 0).mean() - rate) < 5 * spread
    assert abs(y.mean() - 1) < 5 * spread / (1 - rate) + 2.0**-23


def test_rate_one_gives_zeros_and_rate_zero_the_input():
    x = ops.full((4, 3), np.nan)
    assert not numpy(DropPath(1.0)(x, training=True)).any()
    assert DropPath(0.0)(x, training=True) is x


def test_as_in_keras_cv():
    # Its layer has the rate 0.5 by default, is the identity outside training and at rate 0, and
    # keeps about half of the values in training.
    x = np.random.default_rng(0).uniform(0.1, 1, (16, 14, 14, 8)).astype("float32")
    np.testing.assert_array_equal(numpy(DropPath(rate=0.5)(x, training=False)), x)
    np.testing.assert_array_equal(numpy(DropPath(rate=0)(x, training=True)), x)
    assert DropPath().rate == 0.5
    layer = DropPath(seed=4)
    shares = [(numpy(layer(x, training=True)) != 0).mean() for _ in range(200)]
    # n = 200 calls of 16 samples.
    assert abs(np.mean(shares) - 0.5) < 5 * 0.5 / (200 * 16) ** 0.5


@pytest.mark.parametrize(
    ("name", "value", "rate"),
    [
        ("survival_probability", 0.8, "0.2"),
        ("keep_prob", 1, "0.0"),
        ("drop_prob", 0.3, "0.3"),
        ("p", 0.3, "0.3"),
        ("drop_path_rate", 0.3, "0.3"),
    ],
)
def test_names_of_other_libraries_are_translated(name, value, rate):
    with pytest.raises(ValueError, match=f"`{name}`.*so write rate={rate}.*DropPath"):
        DropPath(**{name: value})
    with pytest.raises(ValueError, match=f"`{name}`"):
        DropPath(0.2, **{name: value})


def test_a_scalar_is_refused():
    with pytest.raises(ValueError, match=r"`inputs`.*rank 1 or more.*\(DropPath\)"):
        DropPath(0.5)(ops.ones(()), training=True)
