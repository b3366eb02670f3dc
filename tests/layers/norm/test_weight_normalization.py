import keras
import numpy as np
import pytest
from keras import layers, ops

from kerasreg.layers import WeightNormalization

RNG = np.random.default_rng(0)


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


def weight_of(v, g, units):
    """The paper's `g * v / norm(v)` in float64; `units` are the axes that number the units."""
    v = v.astype("float64")
    axes = tuple(axis for axis in range(v.ndim) if axis - v.ndim not in units)
    norm = np.sqrt(np.sum(v**2, axis=axes, keepdims=True))
    return v / norm * g.reshape(norm.shape)


def plain_copy(layer, shape):
    copy = type(layer).from_config(layer.get_config())
    if not copy.built:
        copy.build(shape)
    copy.set_weights(layer.get_weights())
    return copy


LAST, LAST_BUT_ONE, LAST_TWO = (-1,), (-2,), (-2, -1)
# No row has as many filters as the last axis of its output has elements: for channels first, Keras
# on TensorFlow would add the bias along that axis.
ONE_KERNEL = {
    "dense": (lambda **a: layers.Dense(4, **a), (7, 5), LAST),
    "dense in time": (lambda **a: layers.Dense(4, **a), (2, 6, 5), LAST),
    "no bias": (lambda **a: layers.Dense(4, use_bias=False, **a), (7, 5), LAST),
    "conv1d": (lambda **a: layers.Conv1D(4, 3, **a), (2, 7, 3), LAST),
    "conv2d": (lambda **a: layers.Conv2D(4, (3, 2), **a), (2, 6, 7, 3), LAST),
    "conv3d": (lambda **a: layers.Conv3D(2, 2, **a), (1, 4, 3, 5, 3), LAST),
    "transposed": (lambda **a: layers.Conv2DTranspose(4, 3, **a), (2, 6, 5, 3), LAST_BUT_ONE),
    "transposed 1d": (lambda **a: layers.Conv1DTranspose(4, 3, **a), (2, 6, 3), LAST_BUT_ONE),
    "depthwise": (
        lambda **a: layers.DepthwiseConv2D(3, depth_multiplier=2, **a),
        (2, 6, 5, 3),
        LAST_TWO,
    ),
}
MORE_KERNELS = {
    "simple": (lambda **a: layers.SimpleRNN(4, **a), (2, 5, 3), LAST),
    "lstm": (lambda **a: layers.LSTM(4, return_sequences=True, **a), (2, 5, 3), LAST),
    "gru": (lambda **a: layers.GRU(4, **a), (2, 5, 3), LAST),
    "bidirectional": (lambda **a: layers.Bidirectional(layers.LSTM(4, **a)), (2, 5, 3), LAST),
}
WRAPPED = {**ONE_KERNEL, **MORE_KERNELS}


@pytest.mark.parametrize("name", WRAPPED)
def test_wrapping_changes_nothing_and_gains_scale_the_kernels(name):
    make, shape, units = WRAPPED[name]
    x = RNG.normal(size=shape).astype("float32")
    layer = WeightNormalization(make(activation="tanh"))
    layer.build(shape)
    plain = plain_copy(layer.layer, shape)
    np.testing.assert_allclose(numpy(layer(x)), numpy(plain(x)), rtol=1e-5, atol=1e-6)

    kernels = [weight for weight in plain.weights if weight.name.endswith("kernel")]
    assert len(layer.gains) == len(kernels)
    for weight, gain in zip(kernels, layer.gains, strict=True):
        g = RNG.normal(size=gain.shape)
        gain.assign(g)
        weight.assign(weight_of(numpy(weight.value), g, units))
    for training in (False, True):
        y = numpy(layer(x, training=training))
        np.testing.assert_allclose(y, numpy(plain(x)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("data_init", [False, True])
@pytest.mark.parametrize("name", WRAPPED)
def test_removal_gives_a_plain_layer_of_its_own(name, data_init):
    if data_init and name in MORE_KERNELS:
        pytest.skip("refused")
    make, shape, _ = WRAPPED[name]
    x = RNG.normal(size=shape).astype("float32")
    layer = WeightNormalization(make(), data_init)
    layer(x, training=True)
    layer.gains[0].assign(-1.5 * layer.gains[0])
    before = layer.get_weights()
    plain = layer.remove()
    assert type(plain) is type(layer.layer)
    assert plain is not layer.layer
    np.testing.assert_allclose(numpy(plain(x)), numpy(layer(x)), rtol=1e-5, atol=1e-6)
    for weight in plain.weights:
        weight.assign(ops.zeros_like(weight.value))
    for weight, value in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, value)


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("name", ONE_KERNEL)
def test_data_dependent_start(name, first):
    """Each unit has mean 0 (with a bias) and variance 1 before its activation."""
    make, shape, _ = ONE_KERNEL[name]
    if first and ("dense" in name or name == "no bias"):
        pytest.skip("Dense has no data_format")
    arguments = {"data_format": "channels_first"} if first else {}
    x = RNG.normal(2.0, 3.0, size=shape).astype("float32")
    x = np.moveaxis(x, -1, 1) if first else x
    inner = make(activation="relu", bias_initializer="ones", **arguments)
    layer = WeightNormalization(inner, data_init=True)
    plain_before = plain_copy_after_build(layer, x.shape)
    np.testing.assert_allclose(numpy(layer(x)), numpy(plain_before(x)), rtol=1e-5, atol=1e-6)

    y = numpy(layer(x, training=True))
    assert inner.activation is keras.activations.relu
    linear = layer.remove()
    linear.activation = keras.activations.linear
    pre = numpy(linear(x)).astype("float64")
    axes = tuple(axis for axis in range(pre.ndim) if axis != (1 if first else pre.ndim - 1))
    np.testing.assert_allclose(pre.var(axis=axes), 1.0, rtol=1e-3)
    if inner.use_bias:
        np.testing.assert_allclose(pre.mean(axis=axes), 0.0, atol=1e-4)
    np.testing.assert_allclose(y, np.maximum(pre, 0), rtol=1e-4, atol=1e-4)

    layer(10 * x, training=True)
    np.testing.assert_allclose(numpy(layer(x)), y, rtol=1e-6)


def plain_copy_after_build(layer, shape):
    layer.build(shape)
    return plain_copy(layer.layer, shape)


@pytest.mark.parametrize("data_init", [False, True])
def test_the_identity_of_a_small_example(data_init):
    """Both inputs of a unit are -4 and 4: mean 0, variance 16."""
    x = np.array([[[-4.0, -4.0], [4.0, 4.0]]], "float32")
    layer = WeightNormalization(layers.Dense(2, kernel_initializer="identity"), data_init)
    expected = x / 4 if data_init else x
    np.testing.assert_allclose(numpy(layer(x, training=True)), expected, rtol=1e-5)
    np.testing.assert_allclose(numpy(layer(x)), expected, rtol=1e-5)


def test_data_init_waits_for_a_training_batch_with_examples():
    layer = WeightNormalization(layers.Dense(3), data_init=True)
    layer.build((None, 2))
    before = layer.get_weights()
    for x, training in ((np.ones((4, 2)), False), (np.ones((0, 2)), True)):
        layer(x, training=training)
    layer.trainable = False
    layer(np.ones((4, 2)), training=True)
    for weight, value in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_a_unit_that_does_not_vary_stays_as_it_was():
    layer = WeightNormalization(layers.Dense(3), data_init=True)
    x = RNG.normal(size=(1, 2)).astype("float32")
    expected = numpy(layer(x))
    np.testing.assert_allclose(numpy(layer(x, training=True)), expected, rtol=1e-5)
    assert float(ops.convert_to_numpy(layer.initialized.value)) == 1


@pytest.mark.parametrize("jit_compile", [False, True])
def test_fit_starts_from_its_first_batch_and_learns(jit_compile):
    if jit_compile and keras.backend.backend() == "torch":
        pytest.skip("torch.compile takes minutes, and breaks the graph at the condition")
    x = RNG.normal(5.0, 2.0, size=(8, 3)).astype("float32")
    layer = WeightNormalization(layers.Dense(2), data_init=True)
    model = keras.Sequential([keras.Input((3,)), layer])
    expected = plain_copy(layer.layer, (None, 3))
    model.compile(keras.optimizers.SGD(0.0), "mse", jit_compile=jit_compile)
    model.fit(x, np.zeros((8, 2)), batch_size=4, epochs=1, shuffle=False, verbose=0)
    pre = numpy(model(x[:4]))
    np.testing.assert_allclose(pre.mean(axis=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(pre.var(axis=0), 1.0, rtol=1e-3)
    np.testing.assert_array_equal(layer.layer.get_weights()[0], expected.get_weights()[0])


def test_shifts_survive_saving(tmp_path):
    x = RNG.normal(5.0, 2.0, size=(8, 4, 5, 2)).astype("float32")
    layer = WeightNormalization(layers.Conv2D(3, 2), data_init=True)
    model = keras.Sequential([keras.Input((4, 5, 2)), layer])
    model(x, training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    expected = numpy(model(x))
    np.testing.assert_allclose(numpy(loaded(x)), expected, rtol=1e-6)
    # It has had its first batch.
    np.testing.assert_allclose(numpy(loaded(3 * x[:1], training=True)), numpy(model(3 * x[:1])))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="written with a gradient tape")
def test_gradients_are_those_of_the_paper():
    """With G for w, `G v / norm(v)` for g, and `g / norm(v) * G - g * (that) / norm(v)**2 * v`."""
    import tensorflow as tf

    layer = WeightNormalization(layers.Dense(3, use_bias=False))
    x = RNG.normal(size=(5, 4)).astype("float32")
    layer(x)
    layer.gains[0].assign([2.0, -0.5, 1.5])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x, training=True) ** 3)
    found = tape.gradient(loss, [layer.gains[0].value, layer.layer.kernel.value])
    v, g = numpy(layer.layer.kernel).astype("float64"), np.array([2.0, -0.5, 1.5])
    norm = np.linalg.norm(v, axis=0)
    w = weight_of(v, g, LAST)
    of_w = x.T.astype("float64") @ (3 * (x @ w) ** 2)
    of_g = np.sum(of_w * v, axis=0) / norm
    of_v = g / norm * of_w - g * of_g / norm**2 * v
    np.testing.assert_allclose(found[0], of_g, rtol=1e-4)
    np.testing.assert_allclose(found[1], of_v, rtol=1e-3, atol=1e-4)


def test_a_trained_layer_can_be_wrapped():
    x = RNG.normal(size=(3, 5)).astype("float32")
    dense = layers.Dense(4)
    expected = numpy(dense(x))
    np.testing.assert_allclose(numpy(WeightNormalization(dense)(x)), expected, rtol=1e-5)


def test_zero_weights_stay_finite():
    layer = WeightNormalization(layers.Dense(2, kernel_initializer="zeros"), data_init=True)
    x = RNG.normal(size=(4, 3)).astype("float32")
    np.testing.assert_array_equal(numpy(layer(x, training=True)), 0)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_of_a_convolution_in_a_model(policy):
    x = RNG.normal(5.0, 2.0, size=(4, 5, 6, 2)).astype("float32")
    layer = WeightNormalization(layers.Conv2D(3, 2, dtype=policy), data_init=True)
    model = keras.Sequential([keras.Input((5, 6, 2)), layer, layers.ReLU(dtype=policy)])
    assert layer.compute_dtype == policy.removeprefix("mixed_")
    model(x, training=True)
    pre = numpy(layer(x))
    np.testing.assert_allclose(pre.var(axis=(0, 1, 2)), 1.0, rtol=0.05)
    assert {keras.backend.standardize_dtype(w.dtype) for w in layer.weights} == {"float32"}


def test_inside_of_a_time_distributed_layer():
    inner = WeightNormalization(layers.Conv2D(3, 3))
    inputs = keras.Input(batch_shape=(2, 3, 6, 5, 2))
    model = keras.Model(inputs, layers.TimeDistributed(inner)(inputs))
    assert model(np.ones((2, 3, 6, 5, 2))).shape == (2, 3, 4, 3, 3)


def test_in_a_clone_and_out_of_it():
    """`clone_model` with `remove` takes the wrappers out of a model."""
    model = keras.Sequential([keras.Input((3,)), WeightNormalization(layers.Dense(2))])
    x = RNG.normal(size=(4, 3)).astype("float32")

    def without(layer):
        return layer.remove() if isinstance(layer, WeightNormalization) else layer

    plain = keras.models.clone_model(model, clone_function=without)
    assert [type(layer) for layer in plain.layers] == [layers.Dense]
    np.testing.assert_allclose(numpy(plain(x)), numpy(model(x)), rtol=1e-5)


def test_bad_layers_are_refused():
    with pytest.raises(ValueError, match=r"`layer`.*has a kernel.*\(WeightNormalization\)"):
        WeightNormalization(layers.MaxPooling2D(2)).build((2, 4, 4, 3))
    with pytest.raises(ValueError, match=r"`data_init`.*False for a LSTM.*Dense"):
        WeightNormalization(layers.LSTM(2), True)
    with pytest.raises(ValueError, match=r"`weight_names`.*names of matrices"):
        WeightNormalization(layers.Dense(2), weight_names=("bias",)).build((2, 4))
    with pytest.raises(RuntimeError, match=r"not built.*\(WeightNormalization\)"):
        WeightNormalization(layers.Dense(2)).remove()
