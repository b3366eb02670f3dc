import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.losses import JensenShannon
from tests.losses.by_hand import cross_entropy, entropy, log_softmax

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(12, 5)) * 3
LABELS = np.repeat(RANDOM.integers(0, 5, size=4), 3)
LOG_P = log_softmax(LOGITS)


def values(labels, predictions, **arguments):
    loss = JensenShannon(**{"views": 3, "reduction": None, **arguments})
    return ops.convert_to_numpy(loss(labels, np.asarray(predictions, "float32")))


def expected(strength=12.0):
    """The entropy of the mean less the mean of the entropies."""
    grouped = LOG_P.reshape(4, 3, 5)
    mean = np.log(np.exp(grouped).mean(axis=1))
    divergence = entropy(mean) - entropy(grouped).mean(axis=1)
    return np.repeat(cross_entropy(LABELS, LOG_P)[::3] + strength * divergence, 3)


@pytest.mark.parametrize("labels", [LABELS, LABELS[:, None], np.eye(5)[LABELS]])
@pytest.mark.parametrize("from_logits", [False, True])
def test_the_formula(labels, from_logits):
    predictions = LOGITS if from_logits else np.exp(LOGITS)
    found = values(labels, predictions, from_logits=from_logits)
    np.testing.assert_allclose(found, expected(), rtol=2e-5)


def test_labels_of_the_other_views_do_not_count():
    labels = LABELS.copy()
    labels[1::3] = 0
    found = values(labels, LOGITS, from_logits=True, strength=0.5)
    np.testing.assert_allclose(found, expected(0.5), rtol=2e-5)


def test_equal_views_cost_their_cross_entropy():
    same = np.repeat(LOGITS[::3], 3, axis=0)
    found = values(LABELS, same, from_logits=True)
    np.testing.assert_allclose(found, cross_entropy(LABELS, log_softmax(same)), rtol=1e-5)


def test_classes_that_are_ruled_out_are_finite():
    logits = np.array([[1.0, 0.5, -np.inf], [1e4, 0.0, -1e4], [0.0, 0.0, 0.0]])
    assert np.isfinite(values(np.array([0, 0, 0]), logits, from_logits=True)).all()


def test_training_makes_views_agree():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.compile(keras.optimizers.Adam(0.05), JensenShannon(3, from_logits=True))
    x = RANDOM.normal(size=(24, 4)).astype("float32")
    y = np.repeat(np.arange(8) % 3, 3)
    losses = model.fit(x, y, batch_size=6, epochs=15, shuffle=False, verbose=0).history["loss"]
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize(
    ("labels", "shape", "name"),
    [
        (LABELS[:4], (4, 5), "y_pred"),
        (LABELS, (12, 2, 5), "y_pred"),
        (np.zeros((12, 4)), (12, 5), "y_true"),
    ],
)
def test_bad_shapes(labels, shape, name):
    with pytest.raises(ValueError, match=rf"argument `{name}`.*\(JensenShannon\)"):
        values(labels, np.ones(shape))


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"views": 1}, ValueError, "views"),
        ({"views": 2.5}, TypeError, "views"),
        ({"strength": -1}, ValueError, "strength"),
        ({"from_logits": "yes"}, TypeError, "from_logits"),
    ],
)
def test_bad_arguments(arguments, error, name):
    with pytest.raises(error, match=rf"argument `{name}`.*\(JensenShannon\)"):
        JensenShannon(**{"views": 3, **arguments})
