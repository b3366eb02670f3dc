import keras
import numpy as np
import pytest
from keras import ops

import kerasreg
from kerasreg import _backend, _random, layers
from kerasreg.layers.pooling._fractional import INFERENCE_KEY
from kerasreg.layers.pooling._pool import max_pool
from kerasreg.layers.pooling._regions import boundaries_at, drawn_boundaries, fractional_regions
from tests.layers.pooling.by_hand import (
    gradient,
    numpy,
    pooled,
    regions_between,
    second_gradient,
)

only_tensorflow = pytest.mark.skipif(
    keras.config.backend() != "tensorflow", reason="written with tf.function"
)
SHAPES = {1: (3, 19, 2), 2: (3, 13, 9, 2), 3: (2, 7, 9, 5, 2)}
CLASSES = {
    1: layers.FractionalMaxPooling1D,
    2: layers.FractionalMaxPooling2D,
    3: layers.FractionalMaxPooling3D,
}


def values(*shape):
    """Whole numbers, so that regions have ties."""
    return np.random.default_rng(0).integers(-9, 9, size=shape).astype("float32")


def drawn(layer, shape, step=0):
    """The boundaries that a layer with an integer seed draws in a training call."""
    generator = keras.random.SeedGenerator(layer.seed)
    for _ in range(step + 1):
        key, _ = _random.next_key(generator, "test")
    counts = [int(size // layer.pool_ratio) for size in shape]
    return [
        numpy(drawn_boundaries(key, size, count, layer.sequence, stream)).tolist()
        for stream, (size, count) in enumerate(zip(shape, counts, strict=True))
    ]


def test_the_regions_of_the_paper():
    # alpha = 9 / 6 and u = 0.25: boundaries at 1, 2, 4, 5, 7, 8, 10, counted from 1.
    x = np.array([3, 1, 4, 1, 5, 9, 2, 6, 5], "float32")[None, :, None]
    for overlapping, expected in [(False, [3, 4, 1, 9, 2, 6]), (True, [3, 4, 5, 9, 6, 6])]:
        regions = fractional_regions(9, 6, boundaries_at(2, 9, 6), overlapping, None)
        assert numpy(max_pool(ops.convert_to_tensor(x), regions, 1))[0, :, 0].tolist() == expected


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("sequence", ["random", "pseudorandom"])
@pytest.mark.parametrize("overlapping", [False, True])
def test_training_pools_the_regions_drawn(dimensions, sequence, overlapping):
    x = values(*SHAPES[dimensions])
    layer = CLASSES[dimensions](1.6, seed=5, sequence=sequence, overlapping=overlapping)
    for step in range(2):
        boundaries = drawn(layer, x.shape[1:-1], step)
        regions = [regions_between(each, overlapping) for each in boundaries]
        found = numpy(layer(x, training=True))
        np.testing.assert_array_equal(found, pooled(x, regions, np.max))
        assert found.shape == layer.compute_output_shape(x.shape)


@pytest.mark.parametrize("ratio", [1.25, 2.0, 2.7, 5.0])
def test_inference_pools_regular_regions(ratio):
    x = values(2, 20, 17, 3)
    counts = [int(20 // ratio), int(17 // ratio)]
    regions = [
        regions_between([(2 * i * size + n - n % 2) // (2 * n) for i in range(n + 1)], False)
        for size, n in zip((20, 17), counts, strict=True)
    ]
    layer = layers.FractionalMaxPooling2D(ratio)
    for _ in range(2):
        np.testing.assert_array_equal(numpy(layer(x)), pooled(x, regions, np.max))


def test_inference_averages_draws_that_stay_the_same():
    x = values(2, 12, 19, 3)
    layer = layers.FractionalMaxPooling2D((1, 1.5), samples=4, sequence="random", seed=3)
    found = numpy(layer(x))
    layer(x, training=True)
    np.testing.assert_array_equal(numpy(layer(x)), found)
    key = ops.convert_to_tensor(INFERENCE_KEY.astype(_backend.WORD_DTYPE))
    expected = []
    for stream in (1, 3, 5, 7):  # columns come second
        boundaries = numpy(drawn_boundaries(key, 19, 12, "random", stream)).tolist()
        regions = [[[row] for row in range(12)], regions_between(boundaries, False)]
        expected.append(pooled(x, regions, np.max))
    assert not np.array_equal(expected[0], expected[1])
    np.testing.assert_allclose(found, np.mean(expected, axis=0), rtol=1e-6, atol=1e-6)


@only_tensorflow
@pytest.mark.parametrize("overlapping", [False, True])
def test_outputs_and_gradients_on_the_regions_that_tensorflow_draws(overlapping):
    import tensorflow as tf

    # No ties here: along which axis the first of several is found differs.
    x = np.random.default_rng(1).permutation(2 * 13 * 10 * 3).reshape(2, 13, 10, 3).astype("f")
    arguments = {"pseudo_random": False, "overlapping": overlapping}
    expected, rows, columns = tf.nn.fractional_max_pool(x, [1, 1.44, 1.73, 1], **arguments)
    dy = values(*expected.shape)
    expected_dx = tf.raw_ops.FractionalMaxPoolGrad(
        orig_input=x,
        orig_output=expected,
        out_backprop=dy,
        row_pooling_sequence=rows,
        col_pooling_sequence=columns,
        overlapping=overlapping,
    )

    def ours(x):
        for axis, boundaries in ((1, rows), (2, columns)):
            size, boundaries = x.shape[axis], tf.cast(boundaries, tf.int32)
            regions = fractional_regions(size, len(boundaries) - 1, boundaries, overlapping, None)
            x = max_pool(x, regions, axis)
        return x

    y, dx = gradient(ours, x, dy)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(dx, expected_dx)


@pytest.mark.parametrize("overlapping", [False, True])
@pytest.mark.parametrize("x", [np.zeros((2, 11, 7, 3), "float32"), values(2, 11, 7, 3)])
def test_the_gradient_of_an_output_goes_to_one_largest_member(overlapping, x):
    layer = layers.FractionalMaxPooling2D(1.5, seed=4, overlapping=overlapping)
    boundaries = drawn(layer, (11, 7))
    rows, columns = (regions_between(each, overlapping) for each in boundaries)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            dy = np.zeros((2, 7, 4, 3), "float32")
            dy[:, i, j] = 1
            fresh = layers.FractionalMaxPooling2D(1.5, seed=4, overlapping=overlapping)
            y, dx = gradient(lambda x, fresh=fresh: fresh(x, training=True), x, dy)
            assert (np.count_nonzero(dx, axis=(1, 2)) == 1).all()
            np.testing.assert_array_equal(dx.sum((1, 2)), np.ones((2, 3)))
            inside = dx[np.ix_(range(2), row, column, range(3))]
            assert inside.sum() == dx.sum()
            np.testing.assert_array_equal((dx * x).sum((1, 2)), y[:, i, j])


def test_second_order_gradients():
    x = np.random.default_rng(1).permutation(66).reshape(2, 11, 3).astype("float32")
    layer = layers.FractionalMaxPooling1D(1.5, overlapping=True)
    # How many regions a value is the largest of.
    _, times = gradient(layer, x, np.ones((2, 7, 3), "float32"))
    first, second = second_gradient(layer, x)
    np.testing.assert_allclose(first, 3 * x**2 * times, rtol=1e-6)
    np.testing.assert_allclose(second, 6 * x * times, rtol=1e-6)


@only_tensorflow
def test_graphs_kernels_and_unknown_sizes_give_what_eager_calls_give():
    import tensorflow as tf

    def outputs(wrap=lambda f: f, training=True):
        layer = layers.FractionalMaxPooling1D(1.41, seed=5, sequence="random", overlapping=True)

        def both(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = layer(x, training=training)
            return y, tape.gradient(y, x, y)

        return [each.numpy() for each in wrap(both)(tf.constant(x))]

    x = values(4, 601, 8)
    unknown = [tf.TensorSpec((None, None, 8))]
    wraps = {
        "graph": tf.function,
        "xla": lambda f: tf.function(f, jit_compile=True),
        "unknown sizes": lambda f: tf.function(f, input_signature=unknown),
        "both": lambda f: tf.function(f, input_signature=unknown, jit_compile=True),
    }
    expected, at_inference = outputs(), outputs(training=False)
    for name, wrap in wraps.items():
        for found, wanted in zip(outputs(wrap), expected, strict=True):
            np.testing.assert_array_equal(found, wanted, err_msg=name)
    unknown_at_inference = outputs(wraps["unknown sizes"], training=False)
    _backend.use_fused(False)
    try:
        plain = outputs(tf.function)
    finally:
        _backend.use_fused(True)
    for found, wanted in zip(
        [*plain, *unknown_at_inference], [*expected, *at_inference], strict=True
    ):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_exact(dtype):
    x = values(2, 13, 9, 3)
    expected = numpy(layers.FractionalMaxPooling2D(1.5, seed=2)(x, training=True))
    found = layers.FractionalMaxPooling2D(1.5, seed=2, dtype=dtype)(x, training=True)
    assert keras.backend.standardize_dtype(found.dtype) == dtype
    np.testing.assert_array_equal(numpy(ops.cast(found, "float32")), expected)


@pytest.mark.parametrize(
    ("shape", "ratio", "expected"),
    [
        ((0, 9, 7, 3), 1.5, (0, 6, 4, 3)),
        ((1, 9, 7, 3), 1.0, (1, 9, 7, 3)),
        ((2, 1, 7, 3), (1, 2.5), (2, 1, 2, 3)),
        ((2, 3, 40, 3), (3, 40), (2, 1, 1, 3)),
        ((2, 141, 5, 1), (1.41, 1), (2, 100, 5, 1)),
        ((2, 33, 5, 1), (1.1, 1), (2, 30, 5, 1)),  # 33 / 1.1 is 29.999999999999996
    ],
)
def test_shapes(shape, ratio, expected):
    layer = layers.FractionalMaxPooling2D(ratio)
    x = values(*shape)
    assert layer.compute_output_shape(shape) == expected
    for training in (False, True):
        assert tuple(layer(x, training=training).shape) == expected
    if ratio == 1.0:
        np.testing.assert_array_equal(numpy(layer(x, training=True)), x)


@pytest.mark.parametrize("ratio", [1.5, (1.5, 2.0), [1.5, 2.0]])
def test_the_ratio_round_trips(ratio):
    layer = layers.FractionalMaxPooling2D(ratio)
    again = layers.FractionalMaxPooling2D.from_config(layer.get_config())
    assert again.pool_ratio == layer.pool_ratio == (1.5 if ratio == 1.5 else (1.5, 2.0))


def test_not_a_number_stays():
    x = np.zeros((1, 9, 1), "float32")
    x[0, 4] = np.nan
    assert np.isnan(numpy(layers.FractionalMaxPooling1D(1.5)(x))).sum() == 1


@pytest.mark.parametrize("shape", [(2, 1, 9, 3), (2, 9, 0, 3)])
def test_an_axis_shorter_than_its_ratio_is_refused(shape):
    expected = r"`pool_ratio`\. With data_format.*one is \d long, .*\(FractionalMaxPooling2D\)"
    with pytest.raises(ValueError, match=expected):
        layers.FractionalMaxPooling2D(1.5).compute_output_shape(shape)
    layer = layers.FractionalMaxPooling2D(1.5)
    with pytest.raises(ValueError, match=expected):
        layer(np.ones(shape, "float32"))
    layer = layers.FractionalMaxPooling2D(1.5)
    layer.build((None, None, None, 3))
    with pytest.raises(ValueError, match=expected):
        layer(np.ones(shape, "float32"))


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_another_rank_is_refused(dimensions):
    with pytest.raises(ValueError, match=r"`input_shape`. Expected a shape of rank"):
        CLASSES[dimensions](1.5)(np.ones((2,) * 6, "float32"))


def test_another_rank_than_the_one_built_for_is_refused():
    layer = layers.FractionalMaxPooling2D(1.5)
    layer.build((None, None, None, 3))
    for shape in [(2, 6, 6), (2, 6, 6, 3, 3)]:
        with pytest.raises(ValueError, match=r"`input_shape`. Expected a shape of rank 4"):
            layer(np.ones(shape, "float32"))


def test_inputs_that_are_not_floating_point_are_refused():
    with pytest.raises(TypeError, match="Expected floating-point numbers"):
        layers.FractionalMaxPooling2D(1.5)(ops.ones((2, 4, 4, 3), "int32"))


def test_passes_with_drawn_regions_are_averaged():
    model = keras.Sequential(
        [keras.Input((9, 2)), layers.FractionalMaxPooling1D(1.5, sequence="random")]
    )
    x = values(3, 9, 2)
    prediction = kerasreg.models.mc_predict(model, x, samples=20, seed=1)
    assert prediction.mean.shape == (3, 6, 2)
    assert prediction.std.any()
