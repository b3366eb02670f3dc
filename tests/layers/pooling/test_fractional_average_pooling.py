import keras
import numpy as np
import pytest

from kerasreg import _backend, layers
from kerasreg.layers.pooling._pool import average_pool
from kerasreg.layers.pooling._regions import fractional_regions
from tests.layers.pooling.by_hand import gradient, numpy, pooled, regions_between

only_tensorflow = pytest.mark.skipif(
    keras.config.backend() != "tensorflow", reason="written with tf.function"
)
SHAPES = {1: (3, 19, 2), 2: (3, 13, 9, 2), 3: (2, 7, 9, 5, 2)}
CLASSES = {
    1: layers.FractionalAveragePooling1D,
    2: layers.FractionalAveragePooling2D,
    3: layers.FractionalAveragePooling3D,
}


def values(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def drawn_lengths(layer, size):
    """The lengths of the regions of one axis, told from outputs: each value is its position."""
    boundaries = [0]
    for mean in numpy(layer(np.arange(float(size), dtype="float32")[None, :, None], training=True))[
        0, :, 0
    ]:
        boundaries.append(round(2 * mean - boundaries[-1]) + 1)
    return np.diff(boundaries)


@pytest.mark.parametrize("sequence", ["random", "pseudorandom"])
def test_training_cuts_an_axis_into_regions_of_two_lengths(sequence):
    layer = layers.FractionalAveragePooling1D(1.6, seed=1, sequence=sequence)
    drawn = [drawn_lengths(layer, 19) for _ in range(6)]
    assert all(lengths.sum() == 19 and len(lengths) == 11 for lengths in drawn)
    assert all(set(lengths) == {1, 2} for lengths in drawn)
    assert len({tuple(lengths) for lengths in drawn}) > 1


def test_the_regions_are_those_of_max_pooling():
    x = np.arange(19.0, dtype="float32")[None, :, None]
    largest = layers.FractionalMaxPooling1D(1.6, seed=1, sequence="random")
    mean = layers.FractionalAveragePooling1D(1.6, seed=1, sequence="random")
    for training in (True, False):
        ends = numpy(largest(x, training=training))[0, :, 0].astype(int) + 1
        regions = [regions_between([0, *ends.tolist()], False)]
        found = numpy(mean(x, training=training))
        np.testing.assert_allclose(found, pooled(x, regions, np.mean), rtol=1e-6)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("overlapping", [False, True])
def test_inference_averages_regular_regions(dimensions, overlapping):
    x = values(*SHAPES[dimensions])
    counts = [int(size / 1.6) for size in x.shape[1:-1]]
    regions = [
        regions_between([(i * size + n // 2) // n for i in range(n + 1)], overlapping)
        for size, n in zip(x.shape[1:-1], counts, strict=True)
    ]
    found = numpy(CLASSES[dimensions](1.6, overlapping=overlapping)(x))
    np.testing.assert_allclose(found, pooled(x, regions, np.mean), rtol=1e-5, atol=1e-6)


@only_tensorflow
@pytest.mark.parametrize("overlapping", [False, True])
def test_outputs_and_gradients_on_the_regions_that_tensorflow_draws(overlapping):
    import tensorflow as tf

    x = values(2, 13, 10, 3)
    expected, rows, columns = tf.nn.fractional_avg_pool(
        x, [1, 1.44, 1.73, 1], overlapping=overlapping
    )
    dy = values(*expected.shape)
    expected_dx = tf.raw_ops.FractionalAvgPoolGrad(
        orig_input_tensor_shape=x.shape,
        out_backprop=dy,
        row_pooling_sequence=rows,
        col_pooling_sequence=columns,
        overlapping=overlapping,
    )

    def ours(x):
        for axis, boundaries in ((1, rows), (2, columns)):
            size, boundaries = x.shape[axis], tf.cast(boundaries, tf.int32)
            regions = fractional_regions(size, len(boundaries) - 1, boundaries, overlapping, None)
            x = average_pool(x, regions, axis)
        return x

    y, dx = gradient(ours, x, dy)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(dx, expected_dx, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("overlapping", [False, True])
def test_the_gradient_is_the_transpose(overlapping):
    layer = layers.FractionalAveragePooling2D((1.5, 2.3), overlapping=overlapping)
    x = values(2, 11, 7, 3)
    dy = values(2, 7, 3, 3)
    _, dx = gradient(layer, x, dy)
    direction = values(2, 11, 7, 3) ** 2
    np.testing.assert_allclose(
        (dx * direction).sum(), (dy * numpy(layer(direction))).sum(), rtol=1e-4
    )
    assert dx.sum() == pytest.approx(dy.sum(), abs=1e-4)


@only_tensorflow
def test_graphs_kernels_and_unknown_sizes_give_what_eager_calls_give():
    import tensorflow as tf

    x = values(4, 601, 8)

    def outputs(wrap=lambda f: f):
        layer = layers.FractionalAveragePooling1D(1.41, seed=5, overlapping=True)

        def both(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = layer(x, training=True)
            return y, tape.gradient(y, x, y)

        return [each.numpy() for each in wrap(both)(tf.constant(x))]

    unknown = [tf.TensorSpec((None, None, 8))]
    wraps = [
        tf.function,
        lambda f: tf.function(f, jit_compile=True),
        lambda f: tf.function(f, input_signature=unknown),
    ]
    expected = outputs()
    for wrap in wraps:
        for found, wanted in zip(outputs(wrap), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    _backend.use_fused(False)
    try:
        plain = outputs(tf.function)
    finally:
        _backend.use_fused(True)
    for found, wanted in zip(plain, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_sums_in_half_precision_do_not_overflow():
    x = np.full((1, 8, 1), 60000.0, "float16")
    layer = layers.FractionalAveragePooling1D(2, dtype="float16")
    np.testing.assert_array_equal(numpy(layer(x)), np.full((1, 4, 1), 60000.0, "float16"))


def test_an_axis_shorter_than_its_ratio_is_refused():
    with pytest.raises(ValueError, match=r"as its `pool_ratio`.*FractionalAveragePooling3D"):
        layers.FractionalAveragePooling3D(1.5)(np.ones((2, 4, 4, 1, 3), "float32"))
