import math

import keras
import numpy as np
import pytest
from keras import layers, ops

import kerasreg
from kerasreg import schedules
from kerasreg.layers.dropout.targeted_dropout import smallest_units, smallest_weights
from tests._random.reference import words

TargetedDropout = kerasreg.layers.TargetedDropout
RNG = np.random.default_rng(0)


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


def smallest(values, fraction):
    """Returns where a vector is among its smallest, by sorting."""
    order = np.argsort(values, kind="stable")
    found = np.zeros(len(values), bool)
    found[order[: round(fraction * len(values))]] = True
    return found


def dropped(seed, step, shape, rate, stream=0):
    return words(seed, step, shape, stream=stream) < round(rate * 2**32)


def effective_kernel(layer, size, **arguments):
    return numpy(layer(np.eye(size, dtype="float32"), **arguments))


FRACTIONS = [0.0, 0.1, 0.29, 0.5, 0.75, 1.0]


@pytest.mark.parametrize("fraction", FRACTIONS)
def test_smallest_weights_of_each_column(fraction):
    weight = RNG.normal(size=(100, 7)).astype("float32")
    found = smallest_weights(ops.convert_to_tensor(weight), fraction, (-1,))
    expected = np.stack([smallest(np.abs(column), fraction) for column in weight.T], axis=1)
    np.testing.assert_array_equal(ops.convert_to_numpy(found), expected)


@pytest.mark.parametrize("fraction", FRACTIONS)
def test_smallest_units(fraction):
    weight = RNG.normal(size=(3, 100)).astype("float32")
    found = smallest_units(ops.convert_to_tensor(weight), fraction, (-1,))
    expected = smallest(np.linalg.norm(weight, axis=0), fraction)
    np.testing.assert_array_equal(ops.convert_to_numpy(found), expected[None])


@pytest.mark.parametrize(
    ("unit_axes", "columns"),
    [((-1,), (3, 3, 4, 5)), ((-2, -1), (3, 3, 20)), ((-2,), None)],
    ids=str,
)
def test_units_of_convolutions(unit_axes, columns):
    weight = RNG.normal(size=(3, 3, 4, 5)).astype("float32")
    flat = np.moveaxis(weight, -2, -1) if columns is None else weight.reshape(columns)
    flat = flat.reshape(-1, flat.shape[-1])
    expected = np.stack([smallest(np.abs(column), 0.5) for column in flat.T], axis=1)
    found = smallest_weights(ops.convert_to_tensor(weight), 0.5, unit_axes)
    found = ops.convert_to_numpy(found)
    found = np.moveaxis(found, -2, -1) if columns is None else found
    np.testing.assert_array_equal(found.reshape(expected.shape), expected)
    units = ops.convert_to_numpy(smallest_units(ops.convert_to_tensor(weight), 0.5, unit_axes))
    np.testing.assert_array_equal(units.ravel(), smallest(np.linalg.norm(flat, axis=0), 0.5))


def test_each_candidate_of_each_column_is_dropped_at_the_rate():
    layer = TargetedDropout(layers.Dense(7, use_bias=False), 0.4, 0.75, seed=5)
    layer.build((None, 100))
    kernel = layer.get_weights()[0]
    candidates = np.stack([smallest(np.abs(column), 0.75) for column in kernel.T], axis=1)
    for step in range(2):
        expected = np.where(candidates & dropped(5, step, (100, 7), 0.4), 0, kernel)
        found = effective_kernel(layer, 100, training=True)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_array_equal(effective_kernel(layer, 100), kernel)
    np.testing.assert_array_equal(layer.get_weights()[0], kernel)


def test_each_candidate_unit_is_dropped_at_the_rate():
    layer = TargetedDropout(layers.Dense(90, use_bias=False), 0.4, 0.5, seed=5, target="units")
    layer.build((None, 4))
    kernel = layer.get_weights()[0]
    candidates = smallest(np.linalg.norm(kernel, axis=0), 0.5)
    expected = np.where(candidates & dropped(5, 0, (90,), 0.4), 0, kernel)
    np.testing.assert_allclose(effective_kernel(layer, 4, training=True), expected, rtol=1e-6)


@pytest.mark.parametrize("target", ["weights", "units"])
def test_share_dropped(target):
    rate, fraction, (rows, columns) = 0.3, 0.5, (300, 400)
    dense = layers.Dense(columns, use_bias=False)
    layer = TargetedDropout(dense, rate, fraction, seed=1, target=target)
    zeros = effective_kernel(layer, rows, training=True) == 0
    share = np.mean(zeros) if target == "weights" else np.mean(zeros[0])
    n = fraction * (rows * columns if target == "weights" else columns)
    assert abs(share / fraction - rate) < 5 * math.sqrt(rate * (1 - rate) / n)


def test_pruned_inference_is_without_any_candidate():
    x = RNG.normal(size=(4, 100)).astype("float32")
    dense = layers.Dense(7)
    layer = TargetedDropout(dense, 0.4, 0.75, inference="pruned")
    y = numpy(layer(x))
    kernel, bias = dense.get_weights()
    candidates = np.stack([smallest(np.abs(column), 0.75) for column in kernel.T], axis=1)
    np.testing.assert_allclose(y, x @ np.where(candidates, 0, kernel) + bias, atol=1e-5)


def test_only_weights_that_were_not_dropped_are_trained():
    layer = TargetedDropout(layers.Dense(30, use_bias=False), 0.5, 0.5, seed=5)
    model = keras.Sequential([keras.Input((20,)), layer])
    before = model.get_weights()[0]
    candidates = np.stack([smallest(np.abs(column), 0.5) for column in before.T], axis=1)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(np.ones((1, 20), "float32"), np.full((1, 30), 99.0), verbose=0)
    changed = model.get_weights()[0] != before
    np.testing.assert_array_equal(changed, ~(candidates & dropped(5, 0, (20, 30), 0.5)))


def test_eager_calls_graphs_and_kernels_have_the_same_masks():
    x, y = RNG.normal(size=(8, 200)).astype("float32"), np.zeros((8, 100), "float32")
    losses = []
    compiled = [{"jit_compile": True}] if keras.backend.backend() != "torch" else []
    for how in [{"run_eagerly": True}, {"run_eagerly": False, "jit_compile": False}, *compiled]:
        dense = layers.Dense(100, kernel_initializer=keras.initializers.GlorotUniform(seed=1))
        model = keras.Sequential([keras.Input((200,)), TargetedDropout(dense, 0.5, 0.8, seed=4)])
        model.compile(keras.optimizers.SGD(0.1), "mse", **how)
        losses.append(model.fit(x, y, epochs=3, verbose=0).history["loss"])
    for other in losses[1:]:
        np.testing.assert_allclose(other, losses[0], rtol=1e-5)


def test_both_strengths_may_follow_a_schedule():
    ramp = schedules.Linear(0.0, 1.0, steps=2)
    layer = TargetedDropout(layers.Dense(7, use_bias=False), ramp, ramp, seed=5)
    layer.build((None, 100))
    kernel = layer.get_weights()[0]
    for step, share in enumerate([0.0, 0.5, 1.0]):
        candidates = np.stack([smallest(np.abs(column), share) for column in kernel.T], axis=1)
        expected = np.where(candidates & dropped(5, step, (100, 7), share), 0, kernel)
        found = effective_kernel(layer, 100, training=True)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    copy = TargetedDropout.from_config(layer.get_config())
    assert (copy.rate, copy.target_fraction) == (ramp, ramp)


def in_a_model(layer):
    return keras.Sequential([keras.Input((6, 10)), layer])


def in_a_model_in_a_model(layer):
    return keras.Sequential([keras.Input((6, 10)), keras.Sequential([layer]), layers.ReLU()])


@pytest.mark.parametrize(
    ("make", "unit_axes"),
    [
        (lambda: layers.Conv1D(40, 3), (2,)),
        (lambda: layers.Conv1DTranspose(40, 3), (1,)),
        (lambda: layers.DepthwiseConv1D(3, depth_multiplier=4), (1, 2)),
    ],
    ids=["plain", "transposed", "depthwise"],
)
@pytest.mark.parametrize(
    "wrapped",
    [lambda layer: layer, in_a_model, in_a_model_in_a_model, layers.TimeDistributed],
    ids=["alone", "model", "model in model", "time"],
)
def test_units_of_a_convolution_inside_of_another_layer(make, unit_axes, wrapped):
    convolution = make()
    layer = TargetedDropout(wrapped(convolution), 1.0, 0.5, target="units")
    x = RNG.normal(size=(2, 6, 10)).astype("float32")
    x = x[:, None] if isinstance(layer.layer, layers.TimeDistributed) else x
    layer.build(x.shape)
    found = numpy(layer(x, training=True))
    kernel = convolution.get_weights()[0]
    inner = tuple(axis for axis in range(kernel.ndim) if axis not in unit_axes)
    norms = np.sqrt(np.sum(np.square(np.float64(kernel)), axis=inner, keepdims=True))
    candidates = smallest(norms.ravel(), 0.5).reshape(norms.shape)
    convolution.kernel.assign(np.where(candidates, 0, kernel))
    np.testing.assert_allclose(found, numpy(layer.layer(x)), atol=1e-6)


def test_weights_are_ranked_in_their_own_precision():
    # All of these are 1 in half precision.
    kernel = (1 + 2.0**-20 * RNG.permutation(64)[:, None]).astype("float32")
    dense = layers.Dense(1, use_bias=False, dtype="mixed_float16")
    layer = TargetedDropout(dense, 1.0, 0.5)
    layer.build((None, 64))
    dense.set_weights([kernel])
    expected = np.where(smallest(kernel[:, 0], 0.5)[:, None], 0, 1)
    np.testing.assert_array_equal(effective_kernel(layer, 64, training=True), expected)


@pytest.mark.parametrize("target", ["weights", "units"])
@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: layers.Conv2D(4, 3), (2, 6, 5, 3)),
        (lambda: layers.Conv2DTranspose(4, 3), (2, 6, 5, 3)),
        (lambda: layers.DepthwiseConv1D(3, depth_multiplier=2), (2, 6, 3)),
        (lambda: layers.SeparableConv1D(4, 3), (2, 6, 3)),
        (lambda: layers.LSTM(4), (2, 5, 3)),
        (lambda: layers.Bidirectional(layers.GRU(4)), (2, 5, 3)),
    ],
)
def test_any_layer_with_a_kernel(make, shape, target):
    x = RNG.normal(size=shape).astype("float32")
    layer = TargetedDropout(make(), 0.9, 0.9, seed=1, target=target)
    before = numpy(layer(x))
    np.testing.assert_array_equal(before, numpy(layer.layer(x)))
    after = numpy(layer(x, training=True))
    assert after.shape == before.shape
    assert not np.allclose(after, before)


def test_a_vector_has_no_columns():
    layer = TargetedDropout(layers.Dense(3), 0.5, 0.5, weight_names=("kernel", "bias"))
    with pytest.raises(ValueError, match=r"`weight_names`. Expected names of matrices"):
        layer.build((None, 2))
