import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.losses import SparseCategoricalCrossentropy
from tests.losses.by_hand import cross_entropy, log_softmax

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(4, 5, 7)) * 3
LABELS = RANDOM.integers(0, 7, size=(4, 5))


def smoothed(labels, logits, smoothing):
    log_p = log_softmax(logits)
    return (1 - smoothing) * cross_entropy(labels, log_p) - smoothing * log_p.mean(axis=-1)


def values(loss, labels, logits):
    return ops.convert_to_numpy(loss(labels, ops.convert_to_tensor(logits, "float32")))


def each(smoothing=0.1, **arguments):
    arguments = {"from_logits": True, "reduction": None, **arguments}
    return SparseCategoricalCrossentropy(label_smoothing=smoothing, **arguments)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_value_of_each_example(smoothing):
    expected = smoothed(LABELS, LOGITS, smoothing)
    np.testing.assert_allclose(values(each(smoothing), LABELS, LOGITS), expected, rtol=2e-6)


@pytest.mark.parametrize("axis", [1, -2, 2, 0])
def test_any_axis(axis):
    moved = np.moveaxis(LOGITS, -1, axis)
    expected = smoothed(LABELS, LOGITS, 0.3)
    np.testing.assert_allclose(values(each(0.3, axis=axis), LABELS, moved), expected, rtol=2e-6)


def test_labels_may_have_an_axis_of_size_one():
    loss = each(0.3, axis=1)
    flat = values(loss, LABELS, np.moveaxis(LOGITS, -1, 1))
    np.testing.assert_array_equal(flat, values(loss, LABELS[:, None], np.moveaxis(LOGITS, -1, 1)))


@pytest.mark.parametrize("from_logits", [False, True])
def test_as_the_loss_of_keras_for_one_hot_labels(from_logits):
    loss = each(0.2, from_logits=from_logits)
    theirs = keras.losses.CategoricalCrossentropy(from_logits, 0.2, reduction=None)
    predictions = np.float32(LOGITS if from_logits else np.exp(LOGITS))
    expected = ops.convert_to_numpy(theirs(np.eye(7)[LABELS], predictions))
    np.testing.assert_allclose(values(loss, LABELS, predictions), expected, rtol=2e-6)


def test_ignored_examples_count_neither_in_the_mean_nor_in_the_gradient():
    labels, logits = np.array([0, -1, 2]), RANDOM.normal(size=(3, 3))
    logits[1] = np.inf
    loss = each(0.1, ignore_class=-1, reduction="sum_over_batch_size")
    expected = smoothed(labels[[0, 2]], logits[[0, 2]], 0.1).mean()
    np.testing.assert_allclose(values(loss, labels, logits), expected, rtol=2e-6)


def test_ignored_examples_in_the_gradient():
    layer = keras.layers.Dense(3, use_bias=False, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((2,)), layer])
    model.compile(keras.optimizers.SGD(1.0), each(0.1, ignore_class=-1, reduction="sum"))
    model.fit(np.eye(2), np.array([-1, 0]), verbose=0)
    step = model.get_weights()[0] - 1
    np.testing.assert_array_equal(step[0], 0)
    np.testing.assert_allclose(step[1], [0.6, -0.3, -0.3], rtol=1e-5)


def test_extreme_logits():
    logits = np.array([[3e38, -3e38, 0.0], [1e4, 0.0, -1e4]], "float32")
    found = values(each(0.5), np.array([0, 1]), logits)
    np.testing.assert_allclose(found[1], smoothed([1], logits[1:], 0.5)[0], rtol=1e-6)
    ruled_out = np.array([[0.0, 1.0, -np.inf]])
    np.testing.assert_allclose(
        values(each(0.0), np.array([0]), ruled_out), smoothed([0], ruled_out[:, :2], 0), rtol=1e-6
    )
    assert np.isposinf(values(each(0.1), np.array([0]), ruled_out)).all()


@pytest.mark.parametrize("shape", [(4,), (4, 6), (4, 5, 7)], ids=str)
def test_labels_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"`y_true`. Expected integer labels of shape \(4, 5\)"):
        values(each(), np.zeros(shape), LOGITS)
