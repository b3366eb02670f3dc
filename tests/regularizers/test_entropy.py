import keras
import numpy as np
import pytest

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
