import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.losses import ConfidencePenalty
from tests.losses.by_hand import cross_entropy, entropy, log_softmax

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(6, 5)) * 3
LABELS = RANDOM.integers(0, 5, size=6)
EXPECTED = cross_entropy(LABELS, log_softmax(LOGITS)) - 0.3 * entropy(log_softmax(LOGITS))


def values(labels, predictions, **arguments):
    loss = ConfidencePenalty(**{"strength": 0.3, "reduction": None, **arguments})
    return ops.convert_to_numpy(loss(labels, np.asarray(predictions, "float32")))


@pytest.mark.parametrize("labels", [LABELS, LABELS[:, None], np.eye(5)[LABELS]])
@pytest.mark.parametrize("from_logits", [False, True])
def test_integer_and_one_hot_labels(labels, from_logits):
    predictions = LOGITS if from_logits else np.exp(LOGITS)
    # Keras' epsilon, which keeps probabilities away from 0, is 1e-7.
    found = values(labels, predictions, from_logits=from_logits)
    np.testing.assert_allclose(found, EXPECTED, rtol=2e-5)


def test_soft_labels():
    labels = RANDOM.dirichlet(np.ones(5), size=6)
    log_p = log_softmax(LOGITS)
    expected = -(labels * log_p).sum(axis=-1) - 0.3 * entropy(log_p)
    np.testing.assert_allclose(values(labels, LOGITS, from_logits=True), expected, rtol=2e-6)


def test_threshold_penalizes_outputs_of_lower_entropy_only():
    log_p = log_softmax(LOGITS)
    entropies = entropy(log_p)
    threshold = float(np.median(entropies))
    found = values(LABELS, LOGITS, from_logits=True, threshold=threshold)
    hinge = 0.3 * np.maximum(0, threshold - entropies)
    assert 0 < (hinge > 0).sum() < len(hinge)
    np.testing.assert_allclose(found, cross_entropy(LABELS, log_p) + hinge, rtol=2e-6)


@pytest.mark.parametrize("labels", [LABELS, np.eye(5)[LABELS].T])
def test_axis(labels):
    found = values(labels, LOGITS.T, from_logits=True, axis=0)
    np.testing.assert_allclose(found, EXPECTED, rtol=2e-6)


@pytest.mark.parametrize("labels", [[0, 1], [[1.0, 0, 0], [0, 1, 0]]], ids=["sparse", "one-hot"])
def test_classes_that_are_ruled_out(labels):
    logits = np.array([[1.0, 0.5, -np.inf], [1e4, 0.0, -1e4]])
    log_p = log_softmax(logits)
    expected = cross_entropy([0, 1], log_p) - 0.3 * entropy(log_p)
    np.testing.assert_allclose(values(np.array(labels), logits, from_logits=True), expected, 1e-6)


@pytest.mark.parametrize("labels", [[0], [[1.0, 0, 0]]], ids=["sparse", "one-hot"])
def test_gradient_is_that_of_the_formula(labels):
    logits = np.array([[2.0, -1.0, 0.5]])
    layer = keras.layers.Dense(3, use_bias=False)
    model = keras.Sequential([keras.Input((1,)), layer])
    model.set_weights([logits])
    loss = ConfidencePenalty(0.3, from_logits=True)
    model.compile(keras.optimizers.SGD(1.0), loss)
    model.fit(np.ones((1, 1)), np.array(labels), verbose=0)

    def value(z):
        log_p = log_softmax(z)
        return (cross_entropy([0], log_p) - 0.3 * entropy(log_p))[0]

    steps = 1e-5 * np.eye(3)
    expected = [(value(logits + e) - value(logits - e)) / 2e-5 for e in steps]
    np.testing.assert_allclose((logits - model.get_weights()[0])[0], expected, rtol=1e-4)


@pytest.mark.parametrize("shape", [(2,), (6, 4), (6, 5, 1)], ids=str)
def test_labels_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"`y_true`. Expected labels of shape \(6,\) or \(6, 5\)"):
        values(np.zeros(shape), LOGITS)


@pytest.mark.parametrize("labels", [[0, 1], [[0], [1]]])
def test_one_sigmoid_unit_is_refused(labels):
    with pytest.raises(ValueError, match=r"`y_pred`.*two units with a softmax.*\(2, 1\)"):
        ConfidencePenalty()(labels, np.array([[0.5], [0.5]], "float32"))
