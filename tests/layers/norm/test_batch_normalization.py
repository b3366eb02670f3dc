import itertools
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.layers import BatchNormalization

keras_tests = pytest.importorskip("keras.src.layers.normalization.batch_normalization_test")

RNG = np.random.default_rng(0)
only_tensorflow = pytest.mark.skipif(
    keras.config.backend() != "tensorflow", reason="written with TensorFlow's gradient tape"
)


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def normal(*shape, mean=0.0):
    return RNG.normal(mean, 2.0, size=shape).astype("float32")


def weights(layer):
    return {weight.name: numpy(weight) for weight in layer.weights}


def assert_same_weights(layer, expected):
    for name, value in weights(layer).items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)


def gradients(layer, x, upstream, mask=None, jit_compile=False):
    """Returns the output, and the gradient of sum(output * upstream) for x, gamma and beta."""
    import tensorflow as tf

    @tf.function(jit_compile=jit_compile)
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True, mask=mask)
            loss = tf.reduce_sum(y * tf.cast(upstream, y.dtype))
        return y, tape.gradient(loss, [x, layer.gamma.value, layer.beta.value])

    y, found = run(tf.convert_to_tensor(x))
    return [y.numpy(), *(gradient.numpy() for gradient in found)]


class OursInTheirPlace:
    """`keras.src.layers`, but for one class."""

    BatchNormalization = BatchNormalization

    def __getattr__(self, name):
        return getattr(keras.layers, name)


class TestKerasOwn(keras_tests.BatchNormalizationTest):
    @pytest.fixture(autouse=True)
    def _swap(self, monkeypatch):
        monkeypatch.setattr(keras_tests, "layers", OursInTheirPlace())


@only_tensorflow
@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize(
    ("shape", "axis", "arguments"),
    [
        ((8, 3), -1, {}),
        ((4, 3, 5), 1, {}),
        ((2, 3, 4, 5), -1, {"scale": True, "momentum": 0.5}),
        ((2, 3, 4, 3, 2), -3, {}),
        ((8, 3), -1, {"renorm": True, "renorm_clipping": {"rmax": 1.5, "dmax": 0.5}}),
    ],
)
def test_values_and_gradients_are_those_of_keras(shape, axis, arguments, jit_compile):
    x, upstream = normal(*shape, mean=3.0), normal(*shape)
    found = []
    for cls in (BatchNormalization, keras.layers.BatchNormalization):
        layer = cls(axis=axis, gamma_initializer=keras.initializers.Constant(1.5), **arguments)
        layer.build(shape)
        found.append(
            [*gradients(layer, x, upstream, jit_compile=jit_compile), *weights(layer).values()]
        )
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_is_a_keras_layer_and_takes_its_arguments_in_the_same_places():
    layer = BatchNormalization(1, 0.9, 1e-4, False, True)
    assert isinstance(layer, keras.layers.BatchNormalization)
    theirs = keras.layers.BatchNormalization(1, 0.9, 1e-4, False, True).get_config()
    ours = layer.get_config()
    assert ours.pop("unbiased_variance") is False
    assert {**ours, "name": ""} == {**theirs, "name": ""}


def test_weights_file_of_keras_loads(tmp_path):
    def model(cls):
        return keras.Sequential([keras.Input((3,)), cls(name="a"), cls(renorm=True)])

    theirs = model(keras.layers.BatchNormalization)
    theirs.set_weights([RNG.uniform(1, 2, size=w.shape) for w in theirs.weights])
    theirs.save_weights(tmp_path / "their.weights.h5")
    ours = model(BatchNormalization)
    ours.load_weights(tmp_path / "their.weights.h5")
    x = normal(4, 3)
    np.testing.assert_allclose(numpy(ours(x)), numpy(theirs(x)), rtol=1e-5, atol=1e-6)


def test_frozen_layer_is_in_inference_mode():
    layer = BatchNormalization(trainable=False)
    layer.build((None, 3))
    before = weights(layer)
    x = normal(4, 3, mean=5.0)
    np.testing.assert_allclose(numpy(layer(x, training=True)), x / np.sqrt(1.001), rtol=1e-5)
    assert_same_weights(layer, before)


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("axis", [-1, 1])
def test_masked_statistics_of_a_small_example(axis, unbiased):
    """Mean 2 and variance 2/3 of the elements 1, 2, 3; the unbiased variance is 3/2 of it."""
    x = np.array([[1.0, 2.0, 99.0], [3.0, 99.0, 99.0]])
    mask = np.array([[True, True, False], [True, False, False]])
    layer = BatchNormalization(axis=axis, momentum=0.0, unbiased_variance=unbiased)
    y = numpy(layer(np.expand_dims(x, axis), training=True, mask=mask)).reshape(2, 3)
    np.testing.assert_allclose(numpy(layer.moving_mean), [2.0], rtol=1e-6)
    expected = [1.0 if unbiased else 2 / 3]
    np.testing.assert_allclose(numpy(layer.moving_variance), expected, rtol=1e-6)
    np.testing.assert_allclose(y[mask], (x[mask] - 2) / np.sqrt(2 / 3 + 1e-3), rtol=1e-5, atol=1e-6)


PLACES = [
    (rank, axis, mask_rank)
    for rank in (2, 3, 4, 5)
    for axis, mask_rank in itertools.product((*range(1, rank), -1, 1 - rank), range(1, rank))
]


@pytest.mark.parametrize(("rank", "axis", "mask_rank"), PLACES)
def test_mask_on_every_axis_against_float64(rank, axis, mask_rank):
    shape = (5, 3, 3, 2, 3)[:rank]
    x = normal(*shape, mean=4.0)
    channels_last = np.moveaxis(x, axis, -1).astype("float64")
    mask = RNG.random(channels_last.shape[:mask_rank]) < 0.7
    mask.flat[0], mask.flat[-1] = True, False
    kept = channels_last[mask].reshape(-1, shape[axis])
    mean, variance = kept.mean(axis=0), kept.var(axis=0)
    expected = (channels_last - mean) / np.sqrt(variance + 1e-3)

    np.moveaxis(x, axis, -1)[~mask] = 1e6
    layer = BatchNormalization(axis=axis, momentum=0.0)
    y = np.moveaxis(numpy(layer(x, training=True, mask=mask)), axis, -1)
    np.testing.assert_allclose(numpy(layer.moving_mean), mean, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(numpy(layer.moving_variance), variance, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(y[mask], expected[mask], rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_padding_is_left_out_where_channels_come_first_and_are_as_many_as_the_steps(jit_compile):
    """The time steps are masked, not the channels that happen to be as many."""
    x = normal(6, 4, 4)
    x[:, :, 2:] = 1000.0
    lengths = np.tile([True, True, False, False], (6, 1))

    class WithLengths(keras.layers.Layer):
        supports_masking = True

        def compute_mask(self, inputs, previous_mask=None):
            return ops.any(inputs < 999, axis=1)

        def call(self, inputs):
            return inputs

    inputs = keras.Input((4, None))
    layer = BatchNormalization(axis=1, momentum=0.0)
    model = keras.Model(inputs, layer(WithLengths()(inputs)))
    model.compile("sgd", "mse", jit_compile=jit_compile)
    model.fit(x, x * 0, epochs=1, batch_size=6, verbose=0)
    expected = np.moveaxis(x, 1, -1)[lengths].mean(axis=0)
    np.testing.assert_allclose(numpy(layer.moving_mean), expected, rtol=1e-5, atol=1e-5)


def test_mask_that_masking_makes_of_channels_that_come_first():
    x = np.array([[[1.0, 3.0, 5.0], [0, 0, 0]], [[7.0, 9.0, 11.0], [0, 0, 0]]])
    masked = keras.layers.Masking()(x)
    layer = BatchNormalization(axis=1, momentum=0.0)
    y = numpy(layer(masked, training=True))
    np.testing.assert_allclose(numpy(layer.moving_mean), [6.0, 0.0], rtol=1e-6)
    np.testing.assert_allclose(numpy(layer.moving_variance), [35 / 3, 1.0], rtol=1e-6)
    np.testing.assert_array_equal(y[:, 1], np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("shape", "axis", "mask_shape"),
    [
        ((4, 3, 5), 1, (4, 6)),
        ((4, 3, 5), -1, (4, 5)),
        ((4, 3, 5), -1, (3,)),
        ((4, 3, 5), -1, (4, 3, 5)),
        ((4, 3, 5), -1, ()),
        ((4, 3, 5, 6), 1, (4, 3)),
        ((4, 3), -1, (4, 3)),
    ],
)
def test_mask_that_does_not_fit_is_refused(shape, axis, mask_shape):
    for training in (False, True):
        layer = BatchNormalization(axis=axis)
        with pytest.raises(ValueError, match=r"argument `mask`.*Received: mask=.*BatchNorm"):
            layer(np.ones(shape), mask=np.ones(mask_shape, bool), training=training)
    symbolic = keras.KerasTensor(mask_shape, "bool")
    with pytest.raises(ValueError, match="argument `mask`"):
        BatchNormalization(axis=axis)(keras.KerasTensor(shape), mask=symbolic)


@only_tensorflow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_gradients_are_those_without_the_padding(jit_compile):
    x, upstream = normal(4, 5, 3), normal(4, 5, 3)
    mask = np.tile([True, True, True, False, False], (4, 1))
    upstream[~mask] = 0
    x[~mask] = 1e4
    padded, cut = BatchNormalization(), BatchNormalization()
    padded.build(x.shape)
    cut.build(x.shape)
    y, by_x, *by_weights = gradients(padded, x, upstream, mask=mask, jit_compile=jit_compile)
    expected = gradients(cut, x[:, :3], upstream[:, :3])
    found = [y[:, :3], by_x[:, :3], *by_weights]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(by_x[:, 3:], 0)


def test_not_a_number_in_a_masked_place_stays_there():
    x = normal(4, 5, 3)
    cut = BatchNormalization(momentum=0.0)
    expected = numpy(cut(x[:, :3], training=True))
    x[:, 3:] = np.nan
    layer = BatchNormalization(momentum=0.0)
    y = numpy(layer(x, training=True, mask=np.tile(np.arange(5) < 3, (4, 1))))
    np.testing.assert_allclose(y[:, :3], expected, rtol=1e-5, atol=1e-5)
    assert np.isfinite(numpy(layer.moving_variance)).all()


@pytest.mark.parametrize("renorm", [False, True])
@pytest.mark.parametrize("rows", [0, 4])
def test_batch_without_elements_leaves_the_moving_statistics(rows, renorm):
    layer = BatchNormalization(renorm=renorm)
    layer.build((None, 3, 2))
    layer.set_weights([RNG.uniform(0.1, 0.9, size=w.shape) for w in layer.weights])
    before = weights(layer)
    x = normal(rows, 3, 2)
    mask = np.zeros((rows, 3), bool) if rows else None
    y = numpy(layer(x, training=True, mask=mask))
    assert_same_weights(layer, before)
    np.testing.assert_allclose(y, numpy(layer(x, training=False)), rtol=1e-6, atol=1e-6)


@only_tensorflow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_gradients_of_a_batch_without_elements_are_finite(jit_compile):
    layer = BatchNormalization()
    layer.build((None, 3, 2))
    x = normal(4, 3, 2)
    found = gradients(layer, x, x, mask=np.zeros((4, 3), bool), jit_compile=jit_compile)
    assert all(np.isfinite(value).all() for value in found)
    np.testing.assert_allclose(found[1], x / np.sqrt(1.001), rtol=1e-5)


@pytest.mark.parametrize(("unbiased", "expected"), [(False, 1.25), (True, 5 / 3)])
def test_moving_variance_of_one_to_four(unbiased, expected):
    layer = BatchNormalization(momentum=0.0, unbiased_variance=unbiased)
    y = numpy(layer(np.array([[1.0], [2.0], [3.0], [4.0]]), training=True))
    np.testing.assert_allclose(numpy(layer.moving_variance), [expected], rtol=1e-6)
    np.testing.assert_allclose(y[0, 0], -1.5 / np.sqrt(1.251), rtol=1e-5)


def test_unbiased_variance_follows_with_momentum_and_under_renorm():
    x = np.array([[1.0], [2.0], [3.0], [4.0]])
    layer = BatchNormalization(momentum=0.9, unbiased_variance=True)
    layer(x, training=True)
    np.testing.assert_allclose(numpy(layer.moving_variance), [0.9 + 0.1 * 5 / 3], rtol=1e-6)
    layer = BatchNormalization(
        momentum=0.0, renorm=True, renorm_momentum=0.0, unbiased_variance=True
    )
    layer(x, training=True)
    np.testing.assert_allclose(numpy(layer.moving_variance), [5 / 3], rtol=1e-5)
    np.testing.assert_allclose(numpy(layer.renorm_stddev), [np.sqrt(1.251)], rtol=1e-6)


def test_unbiased_variance_of_a_single_element_is_the_biased_one():
    layer = BatchNormalization(momentum=0.5, unbiased_variance=True)
    y = numpy(layer(np.array([[7.0, -3.0]]), training=True))
    np.testing.assert_allclose(numpy(layer.moving_variance), [0.5, 0.5], rtol=1e-6)
    np.testing.assert_array_equal(y, [[0.0, 0.0]])


def renorm_layer(clipping):
    layer = BatchNormalization(
        momentum=0.9, renorm=True, renorm_clipping=clipping, renorm_momentum=0.9
    )
    layer.build((None, 2))
    layer.gamma.assign([1.5, 1.0])
    layer.beta.assign([0.1, -0.2])
    layer.renorm_mean.assign([2.5, 20.0])
    layer.renorm_stddev.assign([2.0, 10.0])
    return layer


RENORM_X = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 60.0], [6.0, 30.0]])


def test_clipped_batch_renormalization_is_that_of_the_paper():
    """Batch means 3 and 30, deviations 1.871096 and 18.70831; r = 0.935548 and 1.5 (clipped)."""
    layer = renorm_layer({"rmax": 1.5, "rmin": 1 / 1.5, "dmax": 0.5})
    expected = [[-1.025, -1.303565], [-0.275, -0.5017826], [0.475, 2.705348], [2.725, 0.3]]
    np.testing.assert_allclose(numpy(layer(RENORM_X, training=True)), expected, atol=2e-6)
    np.testing.assert_allclose(numpy(layer.renorm_mean), [2.55, 21.0], rtol=1e-6)
    np.testing.assert_allclose(numpy(layer.renorm_stddev), [1.98711, 10.87083], rtol=1e-6)


def test_batch_renormalization_without_bounds_is_inference():
    layer = renorm_layer(None)
    expected = (RENORM_X - [2.5, 20.0]) / [2.0, 10.0] * [1.5, 1.0] + [0.1, -0.2]
    np.testing.assert_allclose(numpy(layer(RENORM_X, training=True)), expected, rtol=1e-5)


@pytest.mark.parametrize("mask", [None, np.ones(4096, bool)])
def test_small_variance_around_a_large_mean(mask):
    """A float32 near 10000 is a multiple of 1 / 1024: the mean may be off by a few of these.

    Squares of the values, near 10**8, are multiples of 8: their differences would be noise.
    """
    x = np.random.default_rng(0).normal(1e4, 0.1, size=(4096, 2)).astype("float32")
    layer = BatchNormalization(momentum=0.0, epsilon=1e-6)
    y = numpy(layer(x, training=True, mask=mask))
    exact = x.astype("float64")
    variance = exact.var(axis=0)
    off = 6 / 1024
    np.testing.assert_allclose(numpy(layer.moving_variance), variance, rtol=1e-3, atol=off**2)
    expected = (exact - exact.mean(axis=0)) / np.sqrt(variance + 1e-6)
    np.testing.assert_allclose(y, expected, atol=off / 0.1)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_inputs_beyond_half_precision(policy):
    x = np.linspace(70000, 90000, 16, dtype="float32").reshape(8, 2)
    layer = BatchNormalization(momentum=0.0, dtype=policy)
    for training in (True, False):
        y = layer(ops.convert_to_tensor(x), training=training)
        assert keras.backend.standardize_dtype(y.dtype) == layer.compute_dtype
        expected = (x - x.mean(axis=0)) / x.std(axis=0)
        np.testing.assert_allclose(numpy(ops.cast(y, "float32")), expected, atol=0.01)


def test_whole_numbers_and_doubles_are_taken_as_floats():
    x = np.arange(12).reshape(4, 3)
    outputs = [BatchNormalization()(x.astype(d), training=True) for d in ("int32", "float64")]
    for y in outputs:
        assert keras.backend.standardize_dtype(y.dtype) == "float32"
        np.testing.assert_allclose(numpy(y)[:, 0], (x[:, 0] - 4.5) / np.sqrt(11.251), rtol=1e-5)


@only_tensorflow
@pytest.mark.parametrize("mask", [None, np.array([True, True, False, True])])
def test_second_derivatives_are_those_of_finite_differences(mask):
    import tensorflow as tf

    layer = BatchNormalization(dtype="float64")
    layer.build((4, 2))
    x, upstream = RNG.normal(size=(4, 2)), tf.constant(RNG.normal(size=(4, 2)))

    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(upstream * layer(x, training=True, mask=mask) ** 2)
        return tape.gradient(y, x)

    with tf.GradientTape() as tape:
        x0 = tf.constant(x)
        tape.watch(x0)
        first = gradient(x0)
    found = tape.jacobian(first, x0).numpy()
    for place in np.ndindex(4, 2):
        step = np.zeros((4, 2))
        step[place] = 1e-5
        difference = (gradient(tf.constant(x + step)) - gradient(tf.constant(x - step))) / 2e-5
        np.testing.assert_allclose(found[(..., *place)], difference, atol=1e-6)


def exact_step(x, upstream, gamma, beta, axis, unbiased):
    """Returns output, gradients for x, gamma and beta, mean and variance, in float64."""
    x, upstream = (np.moveaxis(np.asarray(a, "float64"), axis, -1) for a in (x, upstream))
    axes, count = tuple(range(x.ndim - 1)), x[..., 0].size
    mean, variance = x.mean(axis=axes), x.var(axis=axes)
    inverse = 1 / np.sqrt(variance + 1e-3)
    normalized = (x - mean) * inverse
    by_gamma, by_beta = (upstream * normalized).sum(axis=axes), upstream.sum(axis=axes)
    by_x = gamma * inverse * (upstream - (by_beta + normalized * by_gamma) / count)
    y, by_x = (np.moveaxis(a, -1, axis) for a in (gamma * normalized + beta, by_x))
    if unbiased:
        variance = variance * count / max(count - 1, 1)
    return y, by_x, by_gamma, by_beta, mean, variance


WAYS = [
    ((6, 5), -1),
    ((1, 5), -1),
    ((4, 3, 5), 1),
    ((3, 4, 7, 5), -1),
    ((3, 5, 4, 7), 1),
    ((3, 4, 5, 7), 2),
    ((1, 4, 7, 1), -1),
    ((3, 1, 4, 7), 1),
    ((1, 4, 7, 5), 0),
    ((71, 3, 2), -1),
    ((70, 3, 2), 1),
    ((2, 3, 4, 2, 3), -1),
    ((2, 3, 4, 2, 3), 1),
]


@only_tensorflow
@pytest.mark.parametrize("way", ["kernel", "plain", "xla"])
@pytest.mark.parametrize(("shape", "axis"), WAYS)
def test_every_way_to_normalize_against_float64(shape, axis, way, monkeypatch):
    """TensorFlow's kernel, plain operations and XLA; all sizes known, and all but the channels'."""
    import tensorflow as tf

    smallest = 10**9 if way == "plain" else 0
    monkeypatch.setattr("kerasreg._backend.fused_batch_norm.SMALLEST", smallest)
    x, upstream = normal(*shape, mean=1.0), normal(*shape)
    gamma, beta = normal(shape[axis]), normal(shape[axis])
    unknown = [size if i == axis % len(shape) else None for i, size in enumerate(shape)]
    for sizes, unbiased in ((shape, False), (unknown, True)):
        layer = BatchNormalization(axis=axis, momentum=0.0, unbiased_variance=unbiased)
        layer.build(shape)
        layer.gamma.assign(gamma)
        layer.beta.assign(beta)

        @tf.function(
            input_signature=[tf.TensorSpec(sizes)], jit_compile=way == "xla", autograph=False
        )
        def step(x, layer=layer):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = layer(x, training=True)
            watched = [x, layer.gamma.value, layer.beta.value]
            return y, *tape.gradient(y, watched, output_gradients=upstream)

        graph = step.get_concrete_function().graph
        kernels = [node for node in graph.get_operations() if node.type == "FusedBatchNormV3"]
        assert len(kernels) == (way == "kernel")
        found = [*step(x), layer.moving_mean, layer.moving_variance]
        expected = exact_step(x, upstream, gamma, beta, axis, unbiased)
        for ours, exact in zip(found, expected, strict=True):
            scale = max(1.0, np.abs(exact).max())
            np.testing.assert_allclose(numpy(ours), exact, rtol=1e-5, atol=1e-5 * scale)


@only_tensorflow
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("way", ["kernel", "plain", "xla"])
def test_statistics_of_half_precision_are_in_float32(dtype, way, monkeypatch):
    import tensorflow as tf

    smallest = 10**9 if way == "plain" else 0
    monkeypatch.setattr("kerasreg._backend.fused_batch_norm.SMALLEST", smallest)
    x = tf.cast(normal(64, 5, 7, 3, mean=100.0), dtype)
    upstream = tf.cast(normal(64, 5, 7, 3), dtype)
    layer = BatchNormalization(momentum=0.0, dtype=f"mixed_{dtype}")
    layer.build(x.shape)
    y, by_x, *by_weights = gradients(layer, x, upstream, jit_compile=way == "xla")
    assert y.dtype == by_x.dtype == x.dtype
    exact = exact_step(tf.cast(x, "float64"), tf.cast(upstream, "float64"), 1.0, 0.0, -1, False)
    unit = {"float16": 2.0**-11, "bfloat16": 2.0**-8}[dtype]
    for ours, expected in zip((y, by_x), exact[:2], strict=True):
        np.testing.assert_allclose(ours.astype("float64"), expected, rtol=unit * 2, atol=unit)
    for ours, expected in zip(by_weights, exact[2:4], strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=2e-3)
    np.testing.assert_allclose(layer.moving_mean, exact[4], rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, exact[5], rtol=1e-5)


@only_tensorflow
@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize(("shape", "axis"), [((5, 3), -1), ((2, 3, 4), 1), ((2, 3, 1, 2), -1)])
def test_second_and_third_derivatives_are_those_of_float64(shape, axis, jit_compile, monkeypatch):
    """Of the kernel and of XLA, for x and for gamma; those of float64 go another way."""
    import tensorflow as tf

    monkeypatch.setattr("kerasreg._backend.fused_batch_norm.SMALLEST", 0)
    x, upstream = normal(*shape), normal(*shape)
    found = []
    for dtype in ("float32", "float64"):
        layer = BatchNormalization(axis=axis, epsilon=0.5, dtype=dtype)
        layer.build(shape)
        weight = tf.constant(upstream, dtype)

        @tf.function(jit_compile=jit_compile and dtype == "float32", autograph=False)
        def derivatives(x, layer=layer, weight=weight):
            watched = [x, layer.gamma.value]
            with tf.GradientTape(persistent=True) as third:
                third.watch(x)
                with tf.GradientTape() as second:
                    second.watch(x)
                    with tf.GradientTape() as first:
                        first.watch(x)
                        y = tf.reduce_sum(weight * layer(x, training=True) ** 2)
                    of_first = first.gradient(y, watched)
                    size = sum(tf.reduce_sum(value**2) for value in of_first)
                of_second = second.gradient(size, watched)
                size = sum(tf.reduce_sum(value**2) for value in of_second)
            return *of_first, *of_second, *third.gradient(size, watched)

        found.append(derivatives(tf.constant(x, dtype)))
    for ours, exact in zip(*found, strict=True):
        scale = np.abs(exact).max()
        np.testing.assert_allclose(ours, exact, rtol=1e-3, atol=1e-4 * scale)


@only_tensorflow
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("shape", [(6, 3), (2, 4, 5, 3), (2, 2, 3, 2, 3)])
def test_inference_in_the_kernel_and_its_gradients(shape, dtype, monkeypatch):
    """Against float64, which the kernel does not take; for the moving statistics, too."""
    import tensorflow as tf

    monkeypatch.setattr("kerasreg._backend.fused_batch_norm.SMALLEST", 0)
    x, upstream = (tf.cast(normal(*shape), dtype) for _ in range(2))
    values = RNG.uniform(0.5, 1.5, size=(4, 3))
    found = []
    for policy in (f"mixed_{dtype}" if dtype == "bfloat16" else dtype, "float64"):
        layer = BatchNormalization(dtype=policy)
        layer.build(shape)
        layer.set_weights(values)
        data = [tf.cast(value, layer.compute_dtype) for value in (x, upstream)]

        @tf.function(autograph=False)
        def run(x, upstream, layer=layer):
            watched = [x, *(weight.value for weight in layer.weights)]
            with tf.GradientTape(persistent=True) as second:
                second.watch(watched)
                with tf.GradientTape() as first:
                    first.watch(watched)
                    y = layer(x, training=False)
                    loss = tf.reduce_sum(tf.cast(y * upstream, tf.float64))
                of_first = first.gradient(loss, watched)
                size = sum(tf.reduce_sum(tf.cast(g, tf.float64) ** 2) for g in of_first)
            return y, *of_first, *second.gradient(size, watched[1:2])

        kernels = [op.type for op in run.get_concrete_function(*data).graph.get_operations()]
        assert ("FusedBatchNormV3" in kernels) == (policy != "float64")
        found.append([tf.cast(value, "float64") for value in run(*data)])
    tolerance = 1e-5 if dtype == "float32" else 0.02
    for ours, exact in zip(*found, strict=True):
        scale = np.abs(exact).max()
        np.testing.assert_allclose(ours, exact, rtol=tolerance, atol=tolerance * scale)


@only_tensorflow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_batch_that_turns_out_to_be_empty(jit_compile, monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr("kerasreg._backend.fused_batch_norm.SMALLEST", 0)
    layer = BatchNormalization()
    layer.build((None, 3, 2))
    layer.set_weights([RNG.uniform(0.1, 0.9, size=w.shape) for w in layer.weights])
    before = weights(layer)

    @tf.function(
        input_signature=[tf.TensorSpec([None, 3, 2])], jit_compile=jit_compile, autograph=False
    )
    def step(x):
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(layer(x, training=True))
        return tape.gradient(y, [layer.gamma.value, layer.beta.value])

    for gradient in step(tf.zeros([0, 3, 2])):
        np.testing.assert_array_equal(gradient, [0.0, 0.0])
    assert_same_weights(layer, before)


REPLICAS = """
import numpy as np, tensorflow as tf, keras
from kerasreg.layers import BatchNormalization

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
rng = np.random.default_rng(0)
x = rng.normal(1000.0, 0.5, size=(6, 5, 3))
upstream = rng.normal(size=x.shape)
mask = np.arange(5) < np.array([5, 4, 5, 1, 2, 1])[:, None]


def run(layer, x, upstream, mask):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True, mask=mask)
        loss = tf.reduce_sum(y * upstream)
    return y, tape.gradient(loss, x)


def whole(values):
    return np.concatenate([part.numpy() for part in strategy.experimental_local_results(values)])


arguments = dict(momentum=0.0, synchronized=True, unbiased_variance=True, dtype="float64")
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
for chosen, in_graph in ((mask, False), (None, False), (mask, True), (None, True)):
    parts = [
        strategy.experimental_distribute_values_from_function(
            lambda context: None if values is None else tf.constant(
                np.split(values, 2)[context.replica_id_in_sync_group]))
        if values is not None else None
        for values in (x, upstream, chosen)
    ]
    with strategy.scope():
        layer = BatchNormalization(**arguments)
        layer.build(x.shape)

    def on_all(*parts):
        return strategy.run(run, args=(layer, *parts))

    y, gradient = (tf.function(on_all) if in_graph else on_all)(*parts)
    alone = BatchNormalization(**arguments)
    alone.build(x.shape)
    expected_y, expected_gradient = run(alone, tf.constant(x), upstream, chosen)
    kept = x[mask] if chosen is not None else x.reshape(-1, 3)
    np.testing.assert_allclose(layer.moving_mean.numpy(), kept.mean(0), rtol=1e-10)
    np.testing.assert_allclose(layer.moving_variance.numpy(), kept.var(0, ddof=1), rtol=1e-10)
    np.testing.assert_allclose(whole(y), expected_y, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(whole(gradient), expected_gradient, rtol=1e-9, atol=1e-9)
print("synchronized")
"""


@only_tensorflow
def test_replicas_share_their_statistics_with_and_without_a_mask():
    done = subprocess.run([sys.executable, "-c", REPLICAS], capture_output=True, text=True)
    assert done.stdout.strip().endswith("synchronized"), done.stderr[-3000:]


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        (TypeError, {"axis": 1.0}),
        (TypeError, {"axis": [1]}),
        (TypeError, {"axis": None}),
        (ValueError, {"momentum": 1.5}),
        (ValueError, {"momentum": -0.1}),
        (ValueError, {"momentum": float("nan")}),
        (TypeError, {"momentum": "a"}),
        (TypeError, {"momentum": None}),
        (ValueError, {"epsilon": 0.0}),
        (ValueError, {"epsilon": -1e-3}),
        (TypeError, {"epsilon": "small"}),
        (TypeError, {"center": "yes"}),
        (TypeError, {"scale": None}),
        (TypeError, {"renorm": 1}),
        (ValueError, {"renorm_momentum": 2.0}),
        (TypeError, {"renorm_momentum": "a"}),
        (TypeError, {"renorm_clipping": 3.0}),
        (ValueError, {"renorm_clipping": {"dmin": 1.0}}),
        (ValueError, {"renorm_clipping": {"rmin": 2.0, "rmax": 1.0}}),
        (TypeError, {"synchronized": "yes"}),
        (TypeError, {"unbiased_variance": None}),
    ],
    ids=str,
)
def test_bad_argument_is_refused(error, arguments):
    ((name, value),) = arguments.items()
    message = rf"argument `{name}`\. Expected .* Received: {name}=.* \(BatchNormalization\)\.$"
    with pytest.raises(error, match=message) as caught:
        BatchNormalization(**arguments)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    ("error", "bound"), [(ValueError, -1.0), (ValueError, float("nan")), (TypeError, "a")]
)
@pytest.mark.parametrize("name", ["rmin", "rmax", "dmax"])
def test_bad_bound_is_refused_with_its_value(name, error, bound):
    with pytest.raises(error, match=rf"{name} should be non-negative.*{bound}"):
        BatchNormalization(renorm=True, renorm_clipping={name: bound})


def test_contradicting_bounds_are_refused_with_their_values():
    with pytest.raises(ValueError, match=r"rmax should be at least rmin, but 1 < 2\."):
        BatchNormalization(renorm=True, renorm_clipping={"rmin": 2.0, "rmax": 1.0})


@pytest.mark.parametrize(
    ("axis", "shape", "name"),
    [
        (3, (None, 4, 4), "axis"),
        (-4, (None, 4, 4), "axis"),
        (1, (None, None, 4), "axis"),
        (0, (None, 4), "axis"),
        (-1, (4,), "input_shape"),
    ],
)
def test_bad_shape_is_refused(axis, shape, name):
    for method in ("build", "compute_output_shape"):
        with pytest.raises(ValueError, match=rf"argument `{name}`.*BatchNormalization"):
            getattr(BatchNormalization(axis=axis), method)(shape)


def test_bounds_are_kept_as_passed():
    layer = BatchNormalization(
        np.int64(1), np.float32(0.5), renorm_clipping={"rmax": np.float64(2.0), "dmax": np.inf}
    )
    assert type(layer.axis) is int
    assert type(layer.momentum) is float
    assert layer.get_config()["renorm_clipping"] == {"rmax": 2.0, "dmax": float("inf")}
    assert type(layer.renorm_clipping["rmax"]) is float
    assert BatchNormalization(renorm=True).get_config()["renorm_clipping"] is None
