import numpy as np
import pytest
from keras import ops

from kerasreg.layers import AlphaDropout, FeatureAlphaDropout
from tests._random.reference import words

SHAPES = [(30, 20), (30, 7, 20), (30, 12, 5, 20), (5, 3, 4, 6, 20)]
SATURATION = -1.7580993408473766


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_channel_is_dropped_as_a_whole(shape, data_format):
    first = data_format == "channels_first"
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    layer = FeatureAlphaDropout(0.3, data_format=data_format, seed=11)
    y = numpy(layer(np.moveaxis(x, -1, 1) if first else x, training=True))
    y = np.moveaxis(y, 1, -1) if first else y
    drawn = words(11, 0, (shape[0], *(1,) * (len(shape) - 2), shape[-1]))
    q = 0.7
    a = (q + SATURATION**2 * q * (1 - q)) ** -0.5
    kept = np.where(drawn >= round(0.3 * 2**32), x, SATURATION)
    expected = a * kept - a * (1 - q) * SATURATION
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)


def test_mean_zero_and_variance_one_are_kept():
    x = np.random.default_rng(1).normal(size=(300, 3, 1000)).astype("float32")
    y = numpy(FeatureAlphaDropout(0.4, seed=2)(x, training=True)).astype("float64")
    # Channels are independent, places are not: statistics over the sums of 300,000 channels.
    means, squares = y.mean(1).ravel(), (y**2).mean(1).ravel()
    assert abs(means.mean()) < 5 * means.std() / np.sqrt(means.size)
    assert abs(squares.mean() - 1) < 5 * squares.std() / np.sqrt(squares.size)


def test_on_vectors_it_is_alpha_dropout():
    x = np.random.default_rng(1).normal(size=(30, 20)).astype("float32")
    one, other = FeatureAlphaDropout(0.4, seed=2), AlphaDropout(0.4, seed=2)
    np.testing.assert_array_equal(numpy(one(x, training=True)), numpy(other(x, training=True)))


def test_dropped_infinity_takes_the_saturation_value():
    x = np.full((30, 12, 5, 20), np.inf, "float32")
    y = numpy(FeatureAlphaDropout(0.5, seed=2)(x, training=True))
    assert set(np.unique(np.isinf(y).mean((1, 2)))) == {0.0, 1.0}
    assert np.unique(y).size == 2


def test_a_vector_without_a_batch_is_refused():
    with pytest.raises(ValueError, match="min_ndim=2"):
        FeatureAlphaDropout(0.5)(np.ones(3, "float32"))
