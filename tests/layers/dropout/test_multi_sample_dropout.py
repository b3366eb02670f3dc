import keras
import numpy as np
import pytest
from keras import ops

import kerasreg
from kerasreg import _backend, schedules
from tests._random.reference import words

X = np.random.default_rng(0).normal(size=(5, 6)).astype("float32")


@pytest.fixture(params=["as decided", "kernels"])
def mode(request, monkeypatch):
    if request.param == "kernels":
        monkeypatch.setattr(_backend.backend, "SMALLEST_KERNEL", 0, raising=False)
    return request.param


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


def masks(seed, step, shape, rate):
    return (words(seed, step, shape) >= round(rate * 2**32)) / (1 - rate)


@keras.saving.register_keras_serializable("tests")
class Noting(keras.layers.Layer):
    """Squares its input, and notes the shapes that it is called with."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.shapes = []

    def call(self, inputs):
        self.shapes.append(tuple(ops.shape(inputs)))
        return ops.square(inputs)


def test_training_averages_the_head_over_dropped_copies(mode):
    head = Noting()
    layer = kerasreg.layers.MultiSampleDropout(head, 4, 0.3, seed=5)
    for step in range(2):
        copies = X * masks(5, step, (4, *X.shape), 0.3)
        expected = np.mean(copies**2, axis=0)
        np.testing.assert_allclose(numpy(layer(X, training=True)), expected, rtol=1e-5)
    assert head.shapes == [(20, 6), (20, 6)]


def test_one_sample_is_dropout(mode):
    one = kerasreg.layers.MultiSampleDropout(Noting(), 1, 0.3, seed=5)
    dropout = kerasreg.layers.Dropout(0.3, seed=5)
    expected = np.square(numpy(dropout(X, training=True)))
    np.testing.assert_allclose(numpy(one(X, training=True)), expected, rtol=1e-6)


def test_inference_and_rate_zero_are_the_plain_head():
    head = keras.layers.Dense(3)
    expected = numpy(head(X))
    layer = kerasreg.layers.MultiSampleDropout(head, 4, 0.5)
    np.testing.assert_array_equal(numpy(layer(X)), expected)
    none = kerasreg.layers.MultiSampleDropout(head, 4, 0.0)
    np.testing.assert_array_equal(numpy(none(X, training=True)), expected)
    assert layer.weights == head.weights


def test_the_gradient_of_the_input_is_summed_over_the_copies(mode):
    before = keras.layers.Dense(6, use_bias=False, kernel_initializer="identity")
    head = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    layer = kerasreg.layers.MultiSampleDropout(head, 3, 0.4, seed=2)
    model = keras.Sequential([keras.Input((6,)), before, layer])
    # Eagerly: in a graph, TensorFlow may read a kernel after its update if dy is a constant.
    sgd = keras.optimizers.SGD(1.0)
    model.compile(sgd, lambda y, outputs: ops.sum(outputs), run_eagerly=True)
    model.train_on_batch(X, np.zeros((5, 1)))
    gradient = X.T @ masks(2, 0, (3, *X.shape), 0.4).mean(0)
    np.testing.assert_allclose(before.get_weights()[0], np.eye(6) - gradient, rtol=1e-4, atol=1e-5)
    update = (X * masks(2, 0, (3, *X.shape), 0.4)).mean(0).sum(0)
    np.testing.assert_allclose(head.get_weights()[0][:, 0], 1 - update, rtol=1e-4, atol=1e-5)


def test_dropped_nan_is_zero(mode):
    layer = kerasreg.layers.MultiSampleDropout(Noting(), 1, 0.5, seed=3)
    found = numpy(layer(np.full((9, 9), np.nan, "float32"), training=True))
    mask = masks(3, 0, (9, 9), 0.5) > 0
    np.testing.assert_array_equal(np.isnan(found), mask)
    assert (found[~mask] == 0).all()


def test_a_head_with_several_outputs():
    inputs = keras.Input((6,))
    outputs = {"one": keras.layers.Dense(2)(inputs), "two": keras.layers.Dense(3)(inputs)}
    layer = kerasreg.layers.MultiSampleDropout(keras.Model(inputs, outputs), 3, 0.5)
    found = layer(X, training=True)
    assert {name: tuple(value.shape) for name, value in found.items()} == {
        "one": (5, 2),
        "two": (5, 3),
    }


def test_the_head_sees_the_mask_of_its_input():
    x = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("float32")
    x[0, 2:] = x[1, 1:] = 0
    pooling = keras.layers.GlobalAveragePooling1D()
    layer = kerasreg.layers.MultiSampleDropout(pooling, 5, 0.5, seed=1)
    model = keras.Sequential([keras.layers.Masking(), layer])
    copies = (x * masks(1, 0, (5, *x.shape), 0.5)).mean(0)
    expected = [copies[0, :2].mean(0), copies[1, :1].mean(0), copies[2].mean(0)]
    np.testing.assert_allclose(numpy(model(x, training=True)), expected, rtol=1e-4, atol=1e-6)
    inference = [x[0, :2].mean(0), x[1, :1].mean(0), x[2].mean(0)]
    np.testing.assert_allclose(numpy(model(x)), inference, rtol=1e-4, atol=1e-6)


def test_a_scheduled_rate_follows_the_training_calls():
    rate = schedules.Linear(0.0, 1.0, steps=2)
    layer = kerasreg.layers.MultiSampleDropout(Noting(), 2, rate, seed=3)
    np.testing.assert_allclose(numpy(layer(X, training=True)), X**2, rtol=1e-6)
    copies = X * masks(3, 1, (2, *X.shape), 0.5)
    np.testing.assert_allclose(numpy(layer(X, training=True)), (copies**2).mean(0), rtol=1e-5)
    assert not numpy(layer(X, training=True)).any()
    assert kerasreg.layers.MultiSampleDropout.from_config(layer.get_config()).rate == rate
