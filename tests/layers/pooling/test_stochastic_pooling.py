import itertools

import keras
import numpy as np
import pytest
from keras import ops

from kerasreg import _backend, layers
from tests._random.reference import words
from tests.layers.pooling.by_hand import gradient, numpy, pooled, second_gradient

only_tensorflow = pytest.mark.skipif(
    keras.config.backend() != "tensorflow", reason="written with tf.function"
)
CLASSES = {
    1: layers.StochasticPooling1D,
    2: layers.StochasticPooling2D,
    3: layers.StochasticPooling3D,
}
FORMS = [
    ((2, 9, 3), 2, None, "valid"),
    ((2, 9, 3), 3, 2, "same"),
    ((2, 8, 3), 2, 3, "valid"),
    ((2, 7, 10, 3), 2, None, "valid"),
    ((2, 7, 10, 3), 3, 2, "same"),
    ((2, 7, 10, 3), (3, 2), (1, 3), "same"),
    ((2, 5, 6, 7, 2), (1, 2, 3), (2, 1, 2), "valid"),
    ((2, 5, 6, 7, 2), 2, 1, "same"),
]
every_form = pytest.mark.parametrize(("shape", "pool_size", "strides", "padding"), FORMS)


def values(*shape):
    """Whole numbers, most of them not positive, so that sums are exact and many regions are 0."""
    return np.random.default_rng(0).integers(-9, 6, size=shape).astype("float32")


def each(value, dimensions):
    return value if isinstance(value, tuple) else (value,) * dimensions


def windows(shape, pool_size, strides, padding):
    """The positions of the windows of ordinary pooling, for each axis."""
    dimensions = len(shape) - 2
    found = []
    lengths, steps = each(pool_size, dimensions), each(strides or pool_size, dimensions)
    for size, length, step in zip(shape[1:-1], lengths, steps, strict=True):
        starts = range(0, size - length + 1, step)
        if padding == "same":
            count = -(-size // step)
            before = max((count - 1) * step + length - size, 0) // 2
            starts = range(-before, count * step - before, step)
        found.append([[p for p in range(s, s + length) if 0 <= p < size] for s in starts])
    return found


def layer_of(form, **arguments):
    shape, pool_size, strides, padding = form
    return CLASSES[len(shape) - 2](pool_size, strides, padding, **arguments)


def drawn_by_hand(x, regions, shares):
    """The outputs of a call, and where each comes from (None where a region has nothing)."""
    y, sources = np.zeros(shares.shape), {}
    for index in np.ndindex(*shares.shape):
        example, *place, channel = index
        chosen = [axis[i] for axis, i in zip(regions, place, strict=True)]
        members = [(example, *p, channel) for p in itertools.product(*chosen)]
        sums = np.cumsum([max(float(x[m]), 0) for m in members])
        sources[index] = None
        if sums[-1] > 0:
            sources[index] = members[np.argmax(sums > shares[index] * sums[-1])]
            y[index] = x[sources[index]]
    return y, sources


@every_form
def test_training_draws_members_and_gives_them_their_gradients(shape, pool_size, strides, padding):
    form = (shape, pool_size, strides, padding)
    x, regions = values(*shape), windows(*form)
    outputs = (shape[0], *map(len, regions), shape[-1])
    layer = layer_of(form, seed=5)
    assert layer.compute_output_shape(shape) == outputs
    dy = np.random.default_rng(1).normal(size=outputs).astype("float32")
    for step in range(2):
        shares = (words(5, step, outputs) >> 8).astype("float64") * 2.0**-24
        expected, sources = drawn_by_hand(x, regions, shares)
        expected_dx = np.zeros(shape)
        for index, source in sources.items():
            if source is not None:
                expected_dx[source] += dy[index]
        y, dx = gradient(lambda x: layer(x, training=True), x, dy)
        np.testing.assert_array_equal(y, expected)
        np.testing.assert_allclose(dx, expected_dx, rtol=1e-5, atol=1e-6)


@every_form
def test_inference_is_the_mean_under_the_probabilities(shape, pool_size, strides, padding):
    form = (shape, pool_size, strides, padding)
    x, regions = values(*shape), windows(*form)
    a = np.maximum(x, 0)
    sums, squares = pooled(a, regions, np.sum), pooled(a * a, regions, np.sum)
    expected = np.divide(squares, sums, out=np.zeros_like(sums), where=sums > 0)
    assert (sums == 0).any()
    layer = layer_of(form)
    dy = np.random.default_rng(1).normal(size=expected.shape).astype("float32")
    y, dx = gradient(layer, x, dy)
    np.testing.assert_allclose(y, expected, rtol=1e-5)
    # d y / d a_j = (2 a_j - y) / sum, for each region that a_j is in.
    expected_dx = np.zeros(shape)
    for index in np.ndindex(*expected.shape):
        example, *place, channel = index
        chosen = [axis[i] for axis, i in zip(regions, place, strict=True)]
        for member in itertools.product(*chosen):
            source = (example, *member, channel)
            if x[source] > 0:
                slope = (2 * a[source] - expected[index]) / sums[index]
                expected_dx[source] += dy[index] * slope
    np.testing.assert_allclose(dx, expected_dx, rtol=1e-4, atol=1e-5)


def test_members_come_as_often_as_their_values_say():
    n = 20000
    x = np.tile(np.array([1.0, -4.0, 5.0, 2.0], "float32"), n)[None, :, None]
    found = numpy(layers.StochasticPooling1D(4, seed=1)(x, training=True))
    for value in (1, 5, 2):
        p = value / 8
        assert abs((found == value).sum() - n * p) < 5 * np.sqrt(n * p * (1 - p))
    assert set(np.unique(found)) == {1, 2, 5}
    expected = (1 + 25 + 4) / 8
    assert numpy(layers.StochasticPooling1D(4)(x[:, :4]))[0, 0, 0] == pytest.approx(expected)


def test_a_region_without_positive_values_gives_zero():
    x = np.array([0, 0, -1, -2, 0, -3], "float32")[None, :, None]
    layer = layers.StochasticPooling1D(2)
    for training in (True, False):
        dy = np.ones((1, 3, 1), "float32")
        y, dx = gradient(lambda x, training=training: layer(x, training=training), x, dy)
        assert not y.any()
        assert not dx.any()


def test_what_is_not_finite_is_drawn():
    nan, inf, huge = np.nan, np.inf, 3e38
    x = np.array([1, nan, 2, 3, 1, -nan, inf, 2, 0, huge, huge, 9, 1, -inf, 0, -2], "float32")
    layer = layers.StochasticPooling1D(4, seed=1)
    for _ in range(3):
        y, dx = gradient(
            lambda x: layer(x, training=True), x[None, :, None], np.ones((1, 4, 1), "float32")
        )
        np.testing.assert_array_equal(y[0, :, 0], np.float32([nan, nan, huge, 1]))
        assert np.flatnonzero(dx).tolist() == [1, 5, 10, 12]


def test_second_order_gradients():
    x = np.random.default_rng(1).permutation(66).reshape(2, 11, 3).astype("float32")
    layer, twin = (layers.StochasticPooling1D(3, 2, seed=4) for _ in range(2))
    # How many regions a value is drawn in.
    _, times = gradient(lambda x: layer(x, training=True), x, np.ones((2, 5, 3), "float32"))
    first, second = second_gradient(lambda x: twin(x, training=True), x)
    assert times.sum() == 30
    np.testing.assert_allclose(first, 3 * x**2 * times, rtol=1e-6)
    np.testing.assert_allclose(second, 6 * x * times, rtol=1e-6)


@only_tensorflow
def test_graphs_kernels_and_unknown_sizes_draw_what_eager_calls_draw():
    import tensorflow as tf

    x = values(4, 31, 28, 8)

    def outputs(wrap=lambda f: f):
        layer = layers.StochasticPooling2D((2, 3), 2, "same", seed=5)

        def both(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = layer(x, training=True)
            return y, tape.gradient(y, x, y)

        return [each.numpy() for each in wrap(both)(tf.constant(x))]

    unknown = [tf.TensorSpec((None, None, None, 8))]
    wraps = [
        tf.function,
        lambda f: tf.function(f, jit_compile=True),
        lambda f: tf.function(f, input_signature=unknown),
    ]
    expected = outputs()
    found = [outputs(wrap) for wrap in wraps]
    _backend.use_fused(False)
    try:
        found.append(outputs(tf.function))
    finally:
        _backend.use_fused(True)
    for y, dx in found:
        np.testing.assert_array_equal(y, expected[0])
        np.testing.assert_allclose(dx, expected[1], rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_draws_the_same(dtype):
    x = values(2, 8, 6, 3)
    expected = numpy(layers.StochasticPooling2D(2, seed=3)(x, training=True))
    layer = layers.StochasticPooling2D(2, seed=3, dtype=dtype)
    found = layer(x, training=True)
    assert keras.backend.standardize_dtype(found.dtype) == dtype
    np.testing.assert_array_equal(numpy(ops.cast(found, "float32")), expected)
    # The squares of these are beyond the largest float16.
    assert np.isfinite(numpy(ops.cast(layer(x * 100), "float32"))).all()


@pytest.mark.parametrize(
    ("shape", "pool_size", "expected"),
    [((0, 8, 6, 3), 2, (0, 4, 3, 3)), ((1, 1, 6, 3), (1, 2), (1, 1, 3, 3))],
)
def test_empty_batches_and_axes_of_one(shape, pool_size, expected):
    layer = layers.StochasticPooling2D(pool_size)
    for training in (True, False):
        assert tuple(layer(values(*shape), training=training).shape) == expected


@every_form
def test_the_output_has_the_shape_of_max_pooling(shape, pool_size, strides, padding):
    layer = layer_of((shape, pool_size, strides, padding))
    own = getattr(keras.layers, f"MaxPooling{len(shape) - 2}D")(pool_size, strides, padding)
    assert layer.compute_output_shape(shape) == own.compute_output_shape(shape)
    unknown = (None, *shape[1:-2], None, shape[-1])
    assert layer.compute_output_shape(unknown) == own.compute_output_shape(unknown)


@pytest.mark.parametrize("pool_size", [3, (3, 2), [3, 2]])
def test_sizes_round_trip(pool_size):
    layer = layers.StochasticPooling2D(pool_size, pool_size)
    again = layers.StochasticPooling2D.from_config(layer.get_config())
    expected = 3 if pool_size == 3 else (3, 2)
    assert again.pool_size == layer.pool_size == expected
    assert again.strides == layer.strides == expected


def test_an_input_without_room_for_a_window_is_refused():
    expected = (
        r"room for a window\. With data_format='channels_last', one axis is 2 long, and .* 3\."
    )
    with pytest.raises(ValueError, match=expected):
        layers.StochasticPooling2D(3).compute_output_shape((2, 2, 5, 1))
    layer = layers.StochasticPooling2D(3)
    layer.build((None, None, None, 1))
    with pytest.raises(ValueError, match=expected):
        layer(np.ones((2, 2, 5, 1), "float32"))


@only_tensorflow
@pytest.mark.parametrize("strides", [1, 3])
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_an_unknown_size_without_room_for_a_window_gives_no_rows(rows, strides):
    import tensorflow as tf

    layer = layers.StochasticPooling2D(3, strides)
    call = tf.function(lambda x: layer(x, training=True))
    signature = call.get_concrete_function(tf.TensorSpec((None, None, None, 1)))
    assert signature(tf.ones((2, rows, 6, 1))).shape == (2, 0, (6 - 3) // strides + 1, 1)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_another_rank_and_integers_are_refused(dimensions):
    with pytest.raises(ValueError, match=r"`input_shape`. Expected a shape of rank"):
        CLASSES[dimensions](2)(np.ones((2,) * 6, "float32"))
    with pytest.raises(TypeError, match="Expected floating-point numbers"):
        CLASSES[dimensions](2)(ops.ones((2,) * (dimensions + 2), "int32"))
