import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.regularizers import Entropy

LOGITS = np.array([[2.0, -1.0, 0.5], [0.0, 0.0, 0.0]], "float32")
PROBABILITIES = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)
ENTROPY = -(PROBABILITIES * np.log(PROBABILITIES)).sum()


@pytest.mark.parametrize(("maximize", "sign"), [(False, 1), (True, -1)])
def test_value(maximize, sign):
    expected = pytest.approx(sign * 0.1 * ENTROPY, rel=1e-5)
    assert float(Entropy(0.1, maximize=maximize)(PROBABILITIES)) == expected
    assert float(Entropy(0.1, from_logits=True, maximize=maximize)(LOGITS)) == expected


def test_the_loss_of_a_model_is_the_mean_over_the_batch():
    layer = keras.layers.Activation("softmax", activity_regularizer=Entropy(1.0))
    layer(LOGITS)
    assert float(sum(layer.losses)) == pytest.approx(ENTROPY / 2, rel=1e-5)


def test_a_certain_prediction_has_none():
    assert float(Entropy(1.0)(np.eye(3))) == 0
    assert float(Entropy(1.0, from_logits=True)(1e4 * np.eye(3))) == 0


def test_classes_ruled_out_by_a_logit_of_minus_infinity_have_no_term(gradient):
    """Two classes are left: even ones, with log 2 and a gradient of zero, and others."""
    logits = np.array([[0.0, 5.0, 0.0], [1.0, 5.0, 0.0]])
    ruled_out = np.array([0.0, -np.inf, 0.0], "float32")
    p = 1 / (1 + np.exp(-1.0))
    other = -p * np.log(p) - (1 - p) * np.log(1 - p)

    def penalty(logits):
        return Entropy(1.0, from_logits=True)(ops.add(logits, ruled_out))

    assert float(penalty(logits.astype("float32"))) == pytest.approx(np.log(2) + other, rel=1e-5)
    # dH/dz = -p (log p + H)
    expected = [[0, 0, 0], [-p * (np.log(p) + other), 0, -(1 - p) * (np.log(1 - p) + other)]]
    np.testing.assert_allclose(gradient(penalty, logits), expected, atol=1e-6)


@pytest.mark.parametrize("maximize", [False, True])
def test_training_makes_predictions_certain_or_even(maximize):
    keras.utils.set_random_seed(0)
    penalty = Entropy(1.0, from_logits=True, maximize=maximize)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, activity_regularizer=penalty)]
    )
    model.compile(keras.optimizers.Adam(0.1), loss="mse", loss_weights=0.0)
    x = np.random.default_rng(0).normal(size=(32, 4))
    model.fit(x, np.zeros((32, 3)), epochs=60, batch_size=32, verbose=0)
    logits = model.predict(x, verbose=0)
    p = np.exp(logits - logits.max(-1, keepdims=True))
    largest = (p.max(-1) / p.sum(-1)).mean()
    assert largest < 0.4 if maximize else largest > 0.9
