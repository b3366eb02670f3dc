import math

import keras
import numpy as np
import pytest
from keras import layers, ops

import kerasreg
from kerasreg import schedules
from kerasreg.layers.dropout.drop_connect import masked_variance
from tests._random.reference import words

DropConnect = kerasreg.layers.DropConnect
RNG = np.random.default_rng(0)


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


def kept(shape, rate=0.4, seed=5, step=0, stream=0):
    """Returns 1 / (1 - rate) where a weight is kept, else 0."""
    return (words(seed, step, shape, stream=stream) >= round(rate * 2**32)) / (1 - rate)


def plain_copy(layer, input_shape):
    copy = type(layer).from_config(layer.get_config())
    if not copy.built:
        copy.build(input_shape)
    copy.set_weights(layer.get_weights())
    return copy


WRAPPED = {
    "dense": (lambda: layers.Dense(4, activation="tanh"), (3, 5), {"kernel"}),
    "conv": (lambda: layers.Conv2D(4, 3, padding="same"), (2, 6, 5, 3), {"kernel"}),
    "depthwise": (lambda: layers.DepthwiseConv2D(3), (2, 6, 5, 3), {"kernel"}),
    "separable": (
        lambda: layers.SeparableConv1D(4, 3),
        (2, 6, 3),
        {"depthwise_kernel", "pointwise_kernel"},
    ),
    "lstm": (lambda: layers.LSTM(4, return_sequences=True), (2, 5, 3), {"recurrent_kernel"}),
    "gru": (lambda: layers.GRU(4), (2, 5, 3), {"recurrent_kernel"}),
    "bidirectional": (
        lambda: layers.Bidirectional(layers.LSTM(4)),
        (2, 5, 3),
        {"recurrent_kernel"},
    ),
    "cells": (
        lambda: layers.RNN([layers.LSTMCell(3), layers.GRUCell(4)]),
        (2, 5, 3),
        {"recurrent_kernel"},
    ),
    "timed": (lambda: layers.TimeDistributed(layers.Dense(4)), (2, 3, 5), {"kernel"}),
    "model": (
        lambda: keras.Sequential([keras.Input((5, 3)), layers.Dense(4), layers.GRU(3)]),
        (2, 5, 3),
        {"kernel", "recurrent_kernel"},
    ),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_training_is_the_layer_with_masked_weights(name):
    make, shape, masked = WRAPPED[name]
    x = RNG.normal(size=shape).astype("float32")
    layer = DropConnect(make(), 0.4, seed=5)
    layer.build(shape)
    plain = plain_copy(layer.layer, shape)
    before = plain.get_weights()
    recurrent = {w.path.rpartition("/")[0] for w in plain.weights if w.name == "recurrent_kernel"}
    for step in range(2):
        stream = 0
        for weight, value in zip(plain.weights, before, strict=True):
            beside_recurrent = weight.path.rpartition("/")[0] in recurrent
            if weight.name in masked and not (weight.name == "kernel" and beside_recurrent):
                weight.assign(value * kept(value.shape, step=step, stream=stream))
                stream += 1
        assert stream > 0
        expected = numpy(plain(x))
        np.testing.assert_allclose(numpy(layer(x, training=True)), expected, rtol=2e-5, atol=1e-6)
    for weight, value in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, value)
    plain.set_weights(before)
    np.testing.assert_array_equal(numpy(layer(x)), numpy(plain(x)))


def test_chosen_weights():
    names = ("recurrent_kernel", "bias")
    layer = DropConnect(layers.LSTM(4), 0.4, seed=5, weight_names=names)
    x = RNG.normal(size=(2, 5, 3)).astype("float32")
    layer.build(x.shape)
    plain = plain_copy(layer.layer, x.shape)
    kernel, recurrent, bias = plain.get_weights()
    masked = [recurrent * kept(recurrent.shape), bias * kept(bias.shape, stream=1)]
    plain.set_weights([kernel, *masked])
    np.testing.assert_allclose(numpy(layer(x, training=True)), numpy(plain(x)), rtol=2e-5)


def test_share_dropped():
    rate, n = 0.3, 200 * 300
    layer = DropConnect(layers.Dense(300, use_bias=False, kernel_initializer="ones"), rate, seed=1)
    dropped = np.mean(numpy(layer(np.eye(200, dtype="float32"), training=True)) == 0)
    assert abs(dropped - rate) < 5 * math.sqrt(rate * (1 - rate) / n)


FORMS = [{"per_example": False}, {"per_example": True}]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_eager_calls_graphs_and_kernels_have_the_same_masks(form):
    x = RNG.normal(size=(8, 200)).astype("float32")
    y = np.zeros((8, 100), "float32")
    losses = []
    compiled = [{"jit_compile": True}] if keras.backend.backend() != "torch" else []
    for how in [{"run_eagerly": True}, {"run_eagerly": False, "jit_compile": False}, *compiled]:
        dense = layers.Dense(100, kernel_initializer=keras.initializers.GlorotUniform(seed=1))
        model = keras.Sequential([keras.Input((200,)), DropConnect(dense, 0.5, seed=4, **form)])
        model.compile(keras.optimizers.SGD(0.1), "mse", **how)
        losses.append(model.fit(x, y, epochs=3, shuffle=False, verbose=0).history["loss"])
    for other in losses[1:]:
        np.testing.assert_allclose(other, losses[0], rtol=1e-5)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_only_kept_weights_are_trained(form):
    dense = layers.Dense(30, use_bias=False, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((20,)), DropConnect(dense, 0.4, seed=5, **form)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(np.ones((1, 20), "float32"), np.full((1, 30), -1.0), verbose=0)
    changed = model.get_weights()[0] != 1
    np.testing.assert_array_equal(changed, kept((20, 30)) > 0)


def test_the_papers_example_in_its_inverted_form():
    kernel = np.array([[1.0, 0.0], [-2.0, 3.0], [0.5, -1.0]], "float32")
    x = np.array([[2.0, 1.0, 4.0]], "float32")
    variance = masked_variance(ops.convert_to_tensor(x), [ops.convert_to_tensor(kernel)], 0.5)
    np.testing.assert_allclose(numpy(variance), [[12.0, 25.0]], rtol=1e-6)
    layer = DropConnect(layers.Dense(2, use_bias=False), 0.5)
    layer.build(x.shape)
    layer.layer.set_weights([kernel])
    np.testing.assert_allclose(numpy(layer(x)), [[2.0, -1.0]], rtol=1e-6)


@pytest.mark.parametrize("shape", [(4, 5), (4, 2, 5), (4, 3, 2, 5)], ids=str)
@pytest.mark.parametrize("names", [("kernel",), ("bias",), ("kernel", "bias")], ids=str)
def test_each_example_has_its_own_masks(shape, names):
    dense = layers.Dense(6, activation="relu", bias_initializer="ones")
    layer = DropConnect(dense, 0.4, seed=5, per_example=True, weight_names=names)
    x = RNG.normal(size=shape).astype("float32")
    y = numpy(layer(x, training=True))
    kernel, bias = (np.float64(weight) for weight in dense.get_weights())
    kernels, biases = np.stack([kernel] * 4), np.stack([bias] * 4)
    if "kernel" in names:
        kernels = kernels * kept((4, 5, 6))
    if "bias" in names:
        biases = biases * kept((4, 6), stream=names.index("bias"))
    expected = np.einsum("b...i,bio->b...o", x, kernels)
    expected += biases.reshape(4, *[1] * (len(shape) - 2), 6)
    np.testing.assert_allclose(y, np.maximum(expected, 0), rtol=1e-5, atol=1e-6)


def test_gaussian_inference_is_the_mean_activation_of_a_normal_variable():
    n, rate = 10_000, 0.4
    dense = layers.Dense(3, activation="relu", bias_initializer="ones")
    names = ("kernel", "bias")
    layer = DropConnect(dense, rate, seed=5, inference="gaussian", samples=n, weight_names=names)
    x = RNG.normal(size=(4, 5)).astype("float32")
    y = numpy(layer(x))
    kernel, bias = (np.float64(weight) for weight in dense.get_weights())
    mean = x @ kernel + bias
    deviation = np.sqrt(rate / (1 - rate) * (x**2 @ kernel**2 + bias**2))
    z = mean / deviation
    phi = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    below = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in z.ravel()]).reshape(z.shape)
    expected = mean * below + deviation * phi
    second = (mean**2 + deviation**2) * below + mean * deviation * phi
    spread = np.sqrt((second - expected**2) / n)
    assert (np.abs(y - expected) < 5 * spread).all()
    assert np.abs(y - np.maximum(mean, 0)).max() > 0.05


def test_gaussian_inference_leaves_the_state_and_repeats():
    layer = DropConnect(layers.Dense(3), 0.4, seed=5, inference="gaussian", samples=2)
    x = RNG.normal(size=(4, 5)).astype("float32")
    first = numpy(layer(x))
    np.testing.assert_array_equal(numpy(layer(x)), first)
    assert numpy(layer.seed_generator.state).tolist() == [5, 0]
    layer(x, training=True)
    assert not np.array_equal(numpy(layer(x)), first)


@pytest.mark.parametrize("shape", [(6, 5), (6, 3, 5)], ids=str)
def test_gaussian_inference_of_an_example_does_not_depend_on_its_batch(shape):
    dense = layers.Dense(3, activation="relu")
    layer = DropConnect(dense, 0.4, seed=5, inference="gaussian", samples=2)
    x = RNG.normal(size=shape).astype("float32")
    whole = numpy(layer(x))
    assert np.abs(whole - numpy(dense(x))).max() > 0.01
    for size in (1, 2, 4):
        parts = [numpy(layer(x[start : start + size])) for start in range(0, 6, size)]
        np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(numpy(layer(x[::-1].copy()))[::-1], whole, rtol=1e-5, atol=1e-6)


def gradients(layer, x):
    """Returns those of the squared outputs with respect to kernel, bias and inputs."""
    weights = layer.trainable_variables
    x = ops.convert_to_tensor(x)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = ops.sum(ops.square(layer(x)))
        return tape.gradient(loss, [*(weight.value for weight in weights), x])
    if keras.backend.backend() == "torch":
        import torch

        x.requires_grad_()
        loss = ops.sum(ops.square(layer(x)))
        return torch.autograd.grad(loss, [*(weight.value for weight in weights), x])
    import jax

    def loss_of(values, x):
        with keras.StatelessScope(list(zip(weights, values, strict=True))):
            return ops.sum(ops.square(layer(x)))

    of_weights, of_inputs = jax.grad(loss_of, argnums=(0, 1))([w.value for w in weights], x)
    return [*of_weights, of_inputs]


@pytest.mark.parametrize("names", [("kernel",), ("bias",), ("kernel", "bias")], ids=str)
def test_gaussian_inference_has_gradients_at_inputs_of_zeros(names):
    layer = DropConnect(
        layers.Dense(4, activation="tanh"),
        0.4,
        seed=5,
        inference="gaussian",
        samples=3,
        weight_names=names,
    )
    x = RNG.normal(size=(3, 5)).astype("float32")
    layer(x)
    of_one = [numpy(gradient) for gradient in gradients(layer, x[:1])]
    x[1:] = 0
    of_all = [numpy(gradient) for gradient in gradients(layer, x)]
    assert all(np.isfinite(gradient).all() for gradient in of_all)
    # Where all is 0, so is tanh, and only a square of it is in the loss.
    for of_weight, expected in zip(of_all[:2], of_one[:2], strict=True):
        np.testing.assert_allclose(of_weight, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(of_all[2][0], of_one[2][0], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(of_all[2][1:], 0, atol=1e-6)


def test_a_scheduled_rate_follows_the_training_calls():
    rate = schedules.Linear(0.0, 0.8, steps=4)
    dense = layers.Dense(50, use_bias=False, kernel_initializer="ones")
    layer = DropConnect(dense, rate, seed=5)
    x = np.eye(40, dtype="float32")
    for step in range(6):
        layer(x)
        masked = numpy(layer(x, training=True))
        expected = kept((40, 50), rate=min(0.2 * step, 0.8), step=step)
        np.testing.assert_allclose(masked, expected, rtol=1e-5)
    assert DropConnect.from_config(layer.get_config()).rate == rate


def test_rate_zero_is_the_layer_in_every_form():
    x = RNG.normal(size=(4, 5)).astype("float32")
    dense = layers.Dense(3)
    for form in ({}, {"per_example": True}, {"inference": "gaussian"}):
        layer = DropConnect(dense, 0, **form)
        for training in (False, True):
            np.testing.assert_array_equal(numpy(layer(x, training=training)), numpy(dense(x)))


def test_penalties_are_those_of_the_plain_weights():
    dense = layers.Dense(3, kernel_regularizer=keras.regularizers.L2(0.5))
    layer = DropConnect(dense, 0.4)
    layer(np.ones((2, 4), "float32"), training=True)
    expected = 0.5 * np.sum(np.square(dense.get_weights()[0]))
    np.testing.assert_allclose([float(loss) for loss in layer.losses], [expected], rtol=1e-6)


@pytest.mark.parametrize("form", [{}, {"per_example": True}, {"inference": "gaussian"}], ids=str)
@pytest.mark.parametrize("training", [False, True])
def test_activity_is_penalized_once(form, training):
    dense = layers.Dense(3, activity_regularizer=keras.regularizers.L1(0.5))
    layer = DropConnect(dense, 0.4, **form)
    y = numpy(layer(RNG.normal(size=(4, 5)).astype("float32"), training=training))
    losses = [float(loss) for loss in layer.losses]
    np.testing.assert_allclose(losses, [0.5 * np.abs(y).sum() / 4], rtol=1e-5)


def test_state_of_layers_inside_is_updated():
    inner = keras.Sequential([layers.Dense(3), layers.BatchNormalization(momentum=0.5)])
    layer = DropConnect(DropConnect(inner, 0.4), 0.4)
    x = np.ones((4, 5), "float32")
    y = layer(x, training=True)
    assert np.isfinite(numpy(y)).all()
    moving_variance = inner.layers[1].moving_variance
    np.testing.assert_allclose(numpy(moving_variance), 0.5, atol=1e-6)


def test_masks_of_a_sequence_and_initial_states_reach_the_layer():
    lstm = layers.LSTM(3, return_state=True)
    layer = DropConnect(lstm, 0.4)
    embedded = layers.Embedding(5, 4, mask_zero=True)(np.array([[1, 2, 0, 0], [3, 1, 2, 4]]))
    state = [ops.ones((2, 3)), ops.ones((2, 3))]
    for arguments in ({}, {"initial_state": state}):
        expected = lstm(embedded, **arguments)
        for one, other in zip(layer(embedded, **arguments), expected, strict=True):
            np.testing.assert_array_equal(numpy(one), numpy(other))


def test_a_sequences_mask_goes_on():
    layer = DropConnect(layers.LSTM(3, return_sequences=True), 0.4)
    embedded = layers.Embedding(5, 4, mask_zero=True)(np.array([[1, 2, 0, 0]]))
    y = layer(embedded, training=True)
    assert numpy(y._keras_mask).tolist() == [[1.0, 1.0, 0.0, 0.0]]


def test_shape_of_a_layer_that_does_not_tell_it():
    class Halved(layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight(name="kernel", shape=(shape[-1], 3))

        def call(self, inputs):
            return ops.matmul(inputs, self.kernel) / 2

    layer = DropConnect(Halved(), 0.4)
    assert layer(keras.KerasTensor((None, 7))).shape == (None, 3)


def test_precision_is_that_of_the_layer_unless_given():
    x = np.ones((2, 4), "float32")
    half = layers.Dense(3, dtype="mixed_float16")
    assert DropConnect(half, 0.4)(x, training=True).dtype == half(x).dtype
    single = DropConnect(half, 0.4, dtype="float32")(x, training=True)
    assert keras.backend.standardize_dtype(single.dtype) == "float32"


@pytest.mark.parametrize("rate", [0.4, schedules.Constant(0.4)], ids=["number", "schedule"])
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_double_precision_is_kept(form, rate):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("Keras multiplies matrices in float32 on JAX and PyTorch")
    dense = layers.Dense(4, use_bias=False, dtype="float64")
    layer = DropConnect(dense, rate, seed=5, inference="gaussian", **form)
    x = RNG.normal(size=(1, 5))
    inputs = ops.convert_to_tensor(x, "float64")
    y = ops.convert_to_numpy(layer(inputs, training=True))
    # A schedule's value is a float32.
    error = 1e-6 if isinstance(rate, schedules.Schedule) else 1e-12
    np.testing.assert_allclose(y, x @ (dense.get_weights()[0] * kept((5, 4))), rtol=error)
    assert keras.backend.standardize_dtype(layer(inputs).dtype) == "float64"


@pytest.mark.parametrize(
    ("layer", "arguments", "sentence"),
    [
        (layers.Activation("relu"), {}, "`layer`. Expected a layer that has a kernel"),
        (layers.LSTM(3), {"weight_names": ("kernels",)}, "'kernel', 'recurrent_kernel', 'bias'"),
        (layers.Dense(3), {"weight_names": ("kernel", "gamma")}, "has 'kernel', 'bias'"),
        (layers.Dense(3, dtype="int8_from_float32"), {}, "a layer that is not quantized"),
    ],
)
def test_weights_that_are_not_there_are_refused_when_building(layer, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        DropConnect(layer, 0.5, **arguments).build((2, 5, 3))


def test_forms_for_dense_are_refused_for_others():
    class Scaled(layers.Dense):
        def call(self, inputs):
            return 2 * super().call(inputs)

    with pytest.raises(ValueError, match=r"`layer`. Expected a keras.layers.Dense layer"):
        DropConnect(Scaled(3), 0.5, per_example=True)
    with pytest.raises(ValueError, match=r"`weight_names`. Expected 'kernel', 'bias' or both"):
        DropConnect(layers.Dense(3), 0.5, inference="gaussian", weight_names=("gamma",))
