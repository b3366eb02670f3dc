import keras
import numpy as np
import pytest
from keras import layers, ops

from kerasreg.layers import (
    TiedConv2DTranspose,
    TiedDense,
    WeightNormalization,
    WeightStandardization,
)

RNG = np.random.default_rng(0)


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


def standardized(w, units, epsilon=1e-5):
    """The paper's formula in float64; `units` are the axes that number the units."""
    w = w.astype("float64")
    axes = tuple(axis for axis in range(w.ndim) if axis - w.ndim not in units)
    mean = w.mean(axis=axes, keepdims=True)
    variance = np.mean(w**2, axis=axes, keepdims=True) - mean**2
    return (w - mean) / np.sqrt(variance + epsilon)


def plain_copy(layer, shape):
    copy = type(layer).from_config(layer.get_config())
    if not copy.built:
        copy.build(shape)
    copy.set_weights(layer.get_weights())
    return copy


LAST, LAST_BUT_ONE, LAST_TWO = (-1,), (-2,), (-2, -1)
WRAPPED = {
    "dense": (lambda: layers.Dense(4, activation="tanh"), (3, 5), LAST),
    "conv1d": (lambda: layers.Conv1D(4, 3), (2, 6, 3), LAST),
    "conv2d": (lambda: layers.Conv2D(4, (3, 2)), (2, 6, 5, 3), LAST),
    "conv2d groups": (lambda: layers.Conv2D(4, 3, groups=2), (1, 6, 5, 2), LAST),
    "conv3d": (lambda: layers.Conv3D(2, 2), (2, 4, 3, 5, 3), LAST),
    "transposed": (lambda: layers.Conv2DTranspose(4, 3), (2, 6, 5, 3), LAST_BUT_ONE),
    "depthwise": (lambda: layers.DepthwiseConv2D(3, depth_multiplier=2), (2, 6, 5, 3), LAST_TWO),
    "gru": (lambda: layers.GRU(4), (2, 5, 3), LAST),
    "bidirectional": (lambda: layers.Bidirectional(layers.LSTM(4)), (2, 5, 3), LAST),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_is_the_layer_with_standardized_kernels(name):
    make, shape, units = WRAPPED[name]
    x = RNG.normal(size=shape).astype("float32")
    layer = WeightStandardization(make())
    layer.build(shape)
    plain = plain_copy(layer.layer, shape)
    before = layer.get_weights()
    for weight in plain.weights:
        if weight.name.endswith("kernel"):
            weight.assign(standardized(numpy(weight.value), units))
    for training in (False, True):
        y = numpy(layer(x, training=training))
        np.testing.assert_allclose(y, numpy(plain(x)), rtol=1e-4, atol=1e-5)
    for weight, value in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, value)
    removed = layer.remove()
    assert type(removed) is type(layer.layer)
    np.testing.assert_allclose(numpy(removed(x)), numpy(layer(x)), rtol=1e-5, atol=1e-6)


def test_a_small_example():
    """Weights 1, 3 have mean 2 and variance 1; with epsilon = 3 they are -1/2 and 1/2."""
    dense = layers.Dense(1, use_bias=False)
    layer = WeightStandardization(dense, epsilon=3.0)
    layer.build((None, 2))
    dense.set_weights([np.array([[1.0], [3.0]])])
    np.testing.assert_allclose(numpy(layer(np.eye(2))), [[-0.5], [0.5]], rtol=1e-6)


def test_equal_weights_give_zeros_not_nan():
    layer = WeightStandardization(layers.Dense(2, kernel_initializer="ones"))
    np.testing.assert_array_equal(numpy(layer(np.ones((3, 4)))), 0)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="written with a gradient tape")
def test_gradients_go_through_mean_and_variance():
    """Columns of the kernel's gradient are then orthogonal to 1, and nearly so to the weights."""
    import tensorflow as tf

    layer = WeightStandardization(layers.Conv2D(3, 2), epsilon=1e-12)
    x = RNG.normal(size=(2, 4, 5, 2)).astype("float32")
    layer(x)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x, training=True) ** 3)
    gradient = np.asarray(tape.gradient(loss, layer.layer.kernel.value)).reshape(-1, 3)
    weights = numpy(layer.layer.kernel).reshape(-1, 3)
    scale = np.linalg.norm(gradient, axis=0)
    assert (scale > 0).all()
    np.testing.assert_allclose(gradient.sum(axis=0) / scale, 0, atol=1e-4)
    np.testing.assert_allclose((gradient * weights).sum(axis=0) / scale, 0, atol=1e-4)


def tied(make, input_shape):
    """Returns a tied layer, and the layer around a kernel of its own that it is tied to."""
    other = make()
    other.build(input_shape)
    kind = TiedDense if isinstance(other, layers.Dense) else TiedConv2DTranspose
    return kind(other), other


TIED = {
    "dense": (lambda: layers.Dense(4), (None, 5), (3, 4)),
    "convolution": (lambda: layers.Conv2D(4, (3, 2)), (None, 8, 7, 5), (2, 6, 5, 4)),
}


@pytest.mark.parametrize("name", TIED)
def test_units_of_a_tied_layer_are_its_own_not_those_of_the_other(name):
    """The kernel is (..., units of the tied layer, units of the other layer)."""
    make, input_shape, shape = TIED[name]
    layer, other = tied(make, input_shape)
    kernel = numpy(other.kernel)
    x = RNG.normal(size=shape).astype("float32")
    y = numpy(WeightStandardization(layer)(x))
    np.testing.assert_array_equal(numpy(other.kernel), kernel)
    other.kernel.assign(standardized(kernel, LAST_BUT_ONE))
    np.testing.assert_allclose(y, numpy(layer(x)), rtol=1e-4, atol=1e-5)
    normalized = WeightNormalization(layer)
    normalized.build(shape)
    assert [tuple(gain.shape) for gain in normalized.gains] == [(5,)]


@pytest.mark.parametrize("flip", [False, True])
def test_units_of_a_kernel_that_two_layers_have_are_those_of_its_own_layer(flip):
    layer, other = tied(lambda: layers.Dense(4), (None, 5))
    shape, chain = ((4,), [layer, other]) if flip else ((5,), [other, layer])
    normalized = WeightNormalization(keras.Sequential([keras.Input(shape), *chain]))
    normalized.build((None, *shape))
    assert [tuple(gain.shape) for gain in normalized.gains] == [(4,)]


def test_a_layer_tied_to_groups_is_refused():
    layer, _ = tied(lambda: layers.Conv2D(4, 3, groups=2), (None, 8, 7, 6))
    with pytest.raises(ValueError, match=r"`layer`.*with groups.*\(WeightStandardization\)"):
        WeightStandardization(layer).build((2, 6, 5, 4))


def test_named_weights_only():
    layer = WeightStandardization(layers.GRU(3), weight_names=("recurrent_kernel",))
    layer.build((2, 4, 5))
    removed = layer.remove()
    kernel, recurrent = layer.layer.get_weights()[:2]
    np.testing.assert_array_equal(removed.get_weights()[0], kernel)
    np.testing.assert_allclose(removed.get_weights()[1], standardized(recurrent, LAST), rtol=1e-4)


def test_bad_layers_are_refused():
    with pytest.raises(ValueError, match=r"`layer`.*has a kernel.*\(WeightStandardization\)"):
        WeightStandardization(layers.MaxPooling2D(2)).build((2, 4, 4, 3))
    with pytest.raises(ValueError, match=r"`layer`.*two weights or more"):
        WeightStandardization(layers.DepthwiseConv2D(1)).build((2, 4, 4, 3))
    with pytest.raises(ValueError, match=r"`weight_names`.*names of matrices"):
        WeightStandardization(layers.Dense(2), weight_names=("bias",)).build((2, 4))
    with pytest.raises(RuntimeError, match=r"not built.*\(WeightStandardization\)"):
        WeightStandardization(layers.Dense(2)).remove()
