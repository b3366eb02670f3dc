import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.layers import BatchNormalization, GhostBatchNormalization
from kerasreg.layers.norm.ghost_batch_normalization import ghost_batches

RNG = np.random.default_rng(0)


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


def compiled(layer, x):
    """Returns a compiled training call of a built layer; weights are moved on TensorFlow only."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        variables = [
            [variable.value for variable in group]
            for group in (layer.trainable_variables, layer.non_trainable_variables)
        ]
        call = jax.jit(lambda x: layer.stateless_call(*variables, x, training=True))
        y, state = call(x)
        for variable, value in zip(layer.non_trainable_variables, state, strict=True):
            variable.assign(value)
        return y
    if backend == "torch":
        import torch

        return torch.compile(lambda x: layer(x, training=True), backend="eager")(
            ops.convert_to_tensor(x)
        )
    import tensorflow as tf

    return tf.function(lambda x: layer(x, training=True), jit_compile=True)(x)


def one_by_one(x, sizes, momentum=0.99, unbiased=False, mask=None, axis=-1):
    """Returns what batch normalization does to the ghost batches in turn, and its statistics."""
    layer = BatchNormalization(axis=axis, momentum=momentum, unbiased_variance=unbiased)
    starts = np.cumsum([0, *sizes[:-1]])
    outputs = []
    for start, size in zip(starts, sizes, strict=True):
        part = slice(start, start + size)
        part_mask = None if mask is None else mask[part]
        outputs.append(numpy(layer(x[part], training=True, mask=part_mask)))
    return np.concatenate(outputs), numpy(layer.moving_mean), numpy(layer.moving_variance)


def test_a_small_example():
    """Ghost means 2.5 and 25, deviations 1.118481 and 11.18038 with epsilon; moving mean 2.725."""
    x = np.array([1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 30.0, 40.0])[:, None]
    layer = GhostBatchNormalization(4, momentum=0.9, epsilon=1e-3)
    y = numpy(layer(x, training=True))[:, 0]
    first = np.array([-1.341104, -0.4470348, 0.4470348, 1.341104])
    second = np.array([-1.341635, -0.4472118, 0.4472118, 1.341635])
    np.testing.assert_allclose(y, [*first, *second], rtol=1e-6)
    np.testing.assert_allclose(numpy(layer.moving_mean), [2.725], rtol=1e-6)
    variance = (1 * 0.9 + 1.25 * 0.1) * 0.9 + 125 * 0.1
    np.testing.assert_allclose(numpy(layer.moving_variance), [variance], rtol=1e-6)


SIZES = [
    (8, 4, [4, 4]),
    (8, 1, [1] * 8),
    (10, 4, [5, 5]),
    (11, 4, [6, 5]),
    (7, 4, [7]),
    (3, 4, [3]),
    (1, 4, [1]),
    (11, 3, [4, 4, 3]),
]


@pytest.mark.parametrize(("examples", "virtual", "sizes"), SIZES)
@pytest.mark.parametrize("unbiased", [False, True])
def test_is_batch_normalization_of_one_ghost_batch_after_the_other(
    examples, virtual, sizes, unbiased
):
    x = RNG.normal(5.0, 2.0, size=(examples, 4, 5, 3)).astype("float32")
    expected = one_by_one(x, sizes, 0.9, unbiased)
    layer = GhostBatchNormalization(virtual, momentum=0.9, unbiased_variance=unbiased)
    y = numpy(layer(x, training=True))
    for found, wanted in zip(
        (y, numpy(layer.moving_mean), numpy(layer.moving_variance)), expected, strict=True
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("examples", "virtual"), [(100_003, 4), (70_000, 1), (12, 2), (17, 3)])
def test_parts_are_those_of_array_split_however_many(examples, virtual):
    """The number of examples times that of ghost batches is beyond 32 bits in the first two."""
    number, numbers = ghost_batches(examples, virtual)
    assert number == examples // virtual
    parts = np.array_split(np.arange(examples), number)
    expected = np.repeat(np.arange(number), [len(part) for part in parts])
    np.testing.assert_array_equal(ops.convert_to_numpy(numbers), expected)


@pytest.mark.parametrize("momentum", [0.0, 1.0])
def test_extreme_momenta(momentum):
    x = RNG.normal(size=(6, 2)).astype("float32")
    layer = GhostBatchNormalization(2, momentum=momentum)
    layer(x, training=True)
    expected = x[4:].mean(axis=0) if momentum == 0 else [0.0, 0.0]
    np.testing.assert_allclose(numpy(layer.moving_mean), expected, rtol=1e-5)


@pytest.mark.parametrize("examples", [6, 7])
def test_compiled_with_channels_first(examples):
    x = RNG.normal(3.0, 2.0, size=(examples, 3, 4, 5)).astype("float32")
    sizes = [2, 2, 2] if examples == 6 else [3, 2, 2]
    expected = one_by_one(x, sizes, 0.9, axis=1)
    layer = GhostBatchNormalization(2, axis=1, momentum=0.9)
    layer.build(x.shape)
    y = numpy(compiled(layer, x))
    for found, wanted in zip(
        (y, numpy(layer.moving_mean), numpy(layer.moving_variance)), expected, strict=True
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("axis", [-1, 1])
def test_masked_elements_do_not_count(axis):
    x = RNG.normal(3.0, 2.0, size=(9, 5, 2)).astype("float32")
    mask = RNG.random((9, 5)) < 0.6
    mask[3:6] = False
    if axis == 1:
        x = np.swapaxes(x, 1, 2)
    expected = one_by_one(x, [3, 3, 3], 0.9, mask=mask, axis=axis)
    layer = GhostBatchNormalization(3, axis=axis, momentum=0.9)
    y = numpy(layer(x, training=True, mask=mask))
    np.testing.assert_allclose(numpy(layer.moving_mean), expected[1], rtol=1e-5)
    np.testing.assert_allclose(numpy(layer.moving_variance), expected[2], rtol=1e-5)
    kept = np.r_[0:3, 6:9]
    np.testing.assert_allclose(y[kept], expected[0][kept], rtol=1e-5, atol=1e-5)
    # The ghost batch without elements has the statistics that were there before the call.
    np.testing.assert_allclose(y[3:6], x[3:6] / np.sqrt(1.001), rtol=1e-5)


def test_inference_and_a_frozen_layer_are_batch_normalization():
    x = RNG.normal(3.0, 2.0, size=(6, 4, 2)).astype("float32")
    layer, plain = GhostBatchNormalization(2), BatchNormalization()
    layer(x, training=True)
    plain.build(x.shape)
    plain.set_weights(layer.get_weights())
    expected = numpy(plain(x))
    np.testing.assert_array_equal(numpy(layer(x, training=False)), expected)
    layer.trainable = False
    np.testing.assert_array_equal(numpy(layer(x, training=True)), expected)
    for weight, value in zip(layer.weights, plain.weights, strict=True):
        np.testing.assert_array_equal(numpy(weight.value), numpy(value.value))


def test_is_a_keras_batch_normalization_with_a_config_of_its_own():
    layer = GhostBatchNormalization(4, axis=1)
    assert isinstance(layer, keras.layers.BatchNormalization)
    config = layer.get_config()
    assert config["virtual_batch_size"] == 4
    assert not {"renorm", "renorm_clipping", "renorm_momentum", "synchronized"} & config.keys()


def test_values_beyond_float16():
    x = np.array([[60000.0], [-60000.0], [1.0], [3.0]], "float32")
    y = GhostBatchNormalization(2, dtype="mixed_float16")(x, training=True)
    assert keras.backend.standardize_dtype(y.dtype) == "float16"
    np.testing.assert_allclose(numpy(y)[:, 0], [1.0, -1.0, -1.0, 1.0], rtol=1e-3)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="written with a gradient tape")
@pytest.mark.parametrize("jit_compile", [False, True])
def test_gradients_are_those_of_batch_normalization_of_each_part(jit_compile):
    import tensorflow as tf

    x = tf.constant(RNG.normal(3.0, 2.0, size=(7, 4, 2)), "float32")
    upstream = tf.constant(RNG.normal(size=(7, 4, 2)), "float32")
    layer, plain = GhostBatchNormalization(2), BatchNormalization()
    layer.build(x.shape)
    plain.build(x.shape)

    @tf.function(jit_compile=jit_compile, input_signature=[tf.TensorSpec((None, 4, 2))] * 2)
    def differentiated(x, upstream):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x, training=True) ** 2 * upstream)
        return tape.gradient(loss, [x, layer.gamma.value, layer.beta.value])

    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.concat([plain(x[a:b], training=True) for a, b in ((0, 3), (3, 5), (5, 7))], 0)
        loss = tf.reduce_sum(y**2 * upstream)
    expected = tape.gradient(loss, [x, plain.gamma.value, plain.beta.value])
    for found, wanted in zip(differentiated(x, upstream), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"`axis`.*of the batch.*\(GhostBatchNormalization\)"):
        GhostBatchNormalization(2, axis=0).build((4, 3))
    with pytest.raises(TypeError, match=r"`synchronized`.*BatchNormalization only"):
        GhostBatchNormalization(2, synchronized=True)
    with pytest.raises(ValueError, match=r"`mask`"):
        GhostBatchNormalization(2)(np.ones((4, 3, 2)), mask=np.ones((4, 2), bool), training=True)
