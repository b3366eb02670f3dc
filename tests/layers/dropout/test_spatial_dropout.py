import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.layers import SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from kerasreg.layers.dropout._noise_shape import whole_channels
from tests._random.reference import words

CLASSES = {3: SpatialDropout1D, 4: SpatialDropout2D, 5: SpatialDropout3D}
SHAPES = [(30, 7, 20), (30, 12, 5, 20), (5, 3, 4, 6, 20)]
RATES = (0.0001, 0.001, 0.01, 0.1, 0.5, 0.9, 0.999)


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


def expected_mask(seed, step, shape, rate):
    """One decision for each example and channel, in the order of a channels-last map."""
    return words(seed, step, (shape[0], *(1,) * (len(shape) - 2), shape[-1])) >= round(rate * 2**32)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_whole_channels_are_dropped_and_the_others_scaled(shape):
    layer = CLASSES[len(shape)](0.3, seed=11)
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    for step in range(2):
        expected = np.where(expected_mask(11, step, shape, 0.3), x / 0.7, 0)
        np.testing.assert_allclose(numpy(layer(x, training=True)), expected, rtol=1e-6)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_channels_first_drops_along_axis_one(shape):
    first = (shape[0], shape[-1], *shape[1:-1])
    layer = CLASSES[len(shape)](0.3, seed=11, data_format="channels_first")
    kept = numpy(layer(np.ones(first, "float32"), training=True)) != 0
    expected = np.moveaxis(expected_mask(11, 0, shape, 0.3), -1, 1)
    np.testing.assert_array_equal(kept, np.broadcast_to(expected, first))


def test_the_noise_shape_has_one_place_per_channel():
    assert whole_channels(4, "channels_last") == (None, 1, 1, None)
    assert whole_channels(5, "channels_first") == (None, None, 1, 1, 1)
    assert whole_channels(2, "channels_last") == whole_channels(2, "channels_first") == (None, None)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("rate", RATES)
def test_the_share_of_dropped_channels(rate, dtype):
    layer = SpatialDropout1D(rate, seed=3, dtype=dtype)
    y = numpy(layer(ops.ones((1000, 2, 1000), dtype), training=True))
    dropped = (y[:, 0] == 0).mean()
    np.testing.assert_array_equal(y[:, 0], y[:, 1])
    assert abs(dropped - rate) < 5 * np.sqrt(rate * (1 - rate) / 10**6)


@pytest.mark.skipif(keras.config.backend() == "jax", reason="JAX computes in float32")
def test_float64_keeps_its_precision():
    x = np.random.default_rng(0).normal(size=(6, 5, 20))
    y = ops.convert_to_numpy(SpatialDropout1D(0.2, seed=1, dtype="float64")(x, training=True))
    np.testing.assert_allclose(y, np.where(expected_mask(1, 0, x.shape, 0.2), x / 0.8, 0), 1e-14)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_nan_and_infinity_in_dropped_channels_become_zero(bad, dtype):
    shape = (30, 12, 5, 20)
    x = ops.cast(np.full(shape, bad), dtype)
    y = numpy(SpatialDropout2D(0.5, seed=2, dtype=dtype)(x, training=True))
    expected = np.where(expected_mask(2, 0, shape, 0.5), np.float32(bad), 0)
    np.testing.assert_array_equal(y, np.broadcast_to(expected, shape))


def test_rate_one_gives_zeros():
    y = SpatialDropout2D(1.0)(np.full((30, 12, 5, 20), np.nan, "float32"), training=True)
    assert not numpy(y).any()


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="written with a gradient tape")
@pytest.mark.parametrize("shape", [(3, 2, 2, 4), (30, 12, 5, 20)], ids=str)
def test_the_gradient_passes_through_the_same_channels(shape):
    import tensorflow as tf

    x, upstream = tf.random.stateless_normal((2, *shape), (0, 1))
    layer = SpatialDropout2D(0.4, seed=9)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
    found = tape.gradient(y, x, output_gradients=upstream)
    expected = np.where(expected_mask(9, 0, shape, 0.4), upstream / 0.6, 0)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("cls", CLASSES.values())
def test_trainable_and_the_dtype_policy_come_back_from_a_config(cls):
    layer = cls(0.5, dtype="mixed_float16", trainable=False, name="own")
    copy = cls.from_config(layer.get_config())
    assert copy.dtype_policy.name == "mixed_float16"
    assert (copy.trainable, copy.name) == (False, "own")


def test_arguments_stand_where_keras_has_them():
    layer = SpatialDropout2D(0.5, "channels_first", 3, "own", "float16")
    assert (layer.data_format, layer.seed, layer.name) == ("channels_first", 3, "own")
    assert layer.compute_dtype == "float16"
    layer = SpatialDropout1D(0.5, 3, "own", "float16")
    assert (layer.seed, layer.name, layer.compute_dtype) == (3, "own", "float16")


def test_the_data_format_is_that_of_keras_where_none_is_given(monkeypatch):
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    try:
        formats = [cls(0.5).data_format for cls in CLASSES.values()]
    finally:
        keras.config.set_image_data_format(before)
    assert formats == ["channels_last", "channels_first", "channels_first"]


@pytest.mark.parametrize(("rank", "cls"), CLASSES.items())
def test_an_input_of_another_rank_is_refused(rank, cls):
    with pytest.raises(ValueError, match=f"expected ndim={rank}"):
        cls(0.5)(np.ones((2,) * (rank - 1), "float32"))
