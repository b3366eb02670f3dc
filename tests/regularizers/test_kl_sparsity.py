import keras
import numpy as np
import pytest

from kerasreg.regularizers import KLSparsity


def divergence(mean, target):
    return target * np.log(target / mean) + (1 - target) * np.log((1 - target) / (1 - mean))


@pytest.mark.parametrize("shape", [(4, 6), (4, 3, 6), (2, 3, 5, 6)], ids=str)
def test_the_loss_of_a_model_is_the_formula_whatever_the_batch_size(shape):
    activities = np.random.default_rng(0).uniform(0.01, 0.99, size=shape).astype("float32")
    layer = keras.layers.Activation("linear", activity_regularizer=KLSparsity(0.1, 0.3))
    layer(activities)
    means = activities.astype("float64").reshape(-1, shape[-1]).mean(axis=0)
    expected = 0.1 * divergence(means, 0.3).sum()
    assert float(sum(layer.losses)) == pytest.approx(expected, rel=1e-4)


def test_dead_and_saturated_units_have_a_finite_penalty():
    for value in (0.0, 1.0):
        near = divergence(abs(value - 2.0**-20), 0.05)
        assert float(KLSparsity(1.0)(np.full((1, 2), value))) == pytest.approx(2 * near, rel=1e-5)


def test_training_brings_units_to_the_target():
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(256, 8)).astype("float32")
    hidden = keras.layers.Dense(5, "sigmoid", activity_regularizer=KLSparsity(1.0, 0.1))
    model = keras.Sequential([keras.Input((8,)), hidden])
    model.compile(keras.optimizers.Adam(0.05), loss_weights=0.0, loss="mse")
    model.fit(x, np.zeros((256, 5)), epochs=150, batch_size=256, verbose=0)
    np.testing.assert_allclose(model.predict(x, verbose=0).mean(axis=0), 0.1, atol=0.03)
