"""Gradient descent with weight decay, by hand and through Keras' layers.

The network x -> h = w1 x -> y = w2 h with x = 2, w1 = 0.5, w2 = 0.3, target 5, the loss
(y - 5)^2 / 2, and the textbook penalty lambda / 2 (w1^2 + w2^2) with lambda = 0.1.
"""

import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.regularizers import L1, L2

DECAY = 0.1
LEARNING_RATE = 0.01
X, TARGET = np.array([[2.0]]), np.array([[5.0]])


def halved_square(target, output):
    return ops.square(output - target) / 2


def network(w1=0.5, w2=0.3):
    arguments = {"use_bias": False, "kernel_regularizer": L2(DECAY / 2)}
    layers = [keras.layers.Dense(1, **arguments), keras.layers.Dense(1, **arguments)]
    model = keras.Sequential([keras.Input((1,)), *layers])
    model.set_weights([np.array([[w1]]), np.array([[w2]])])
    model.compile(keras.optimizers.SGD(LEARNING_RATE), halved_square, metrics=[halved_square])
    return model


def test_losses():
    model = network()
    total, data_loss = model.evaluate(X, TARGET, verbose=0)
    assert data_loss == pytest.approx(11.045, rel=1e-6)
    assert float(sum(model.losses)) == pytest.approx(0.017, rel=1e-6)
    assert total == pytest.approx(11.062, rel=1e-6)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_one_step_of_gradient_descent(jit_compile):
    model = network()
    model.jit_compile = jit_compile
    history = model.fit(X, TARGET, verbose=0)
    assert history.history["loss"] == [pytest.approx(11.062, rel=1e-6)]
    w1, w2 = (float(weight[0, 0]) for weight in model.get_weights())
    assert w2 == pytest.approx(0.3467, rel=1e-6)
    assert w1 == pytest.approx(0.5277, rel=1e-6)
    assert (0.3 - w2) / LEARNING_RATE == pytest.approx(-4.67, rel=1e-5)
    assert (0.5 - w1) / LEARNING_RATE == pytest.approx(-2.77, rel=1e-5)


def penalized_neuron(weights, penalty):
    neuron = keras.layers.Dense(1, use_bias=False, kernel_regularizer=penalty)
    neuron.build((None, 4))
    neuron.set_weights([np.reshape(weights, (4, 1))])
    return neuron


@pytest.mark.parametrize(("penalty", "of_one", "of_spread"), [(L2(1.0), 1, 0.25), (L1(1.0), 1, 1)])
def test_l2_spreads_the_weights_and_l1_does_not_care(penalty, of_one, of_spread):
    x = np.ones((1, 4))
    one = penalized_neuron([1, 0, 0, 0], penalty)
    spread = penalized_neuron([0.25, 0.25, 0.25, 0.25], penalty)
    assert float(one(x)[0, 0]) == float(spread(x)[0, 0]) == 1
    assert [float(loss) for loss in one.losses] == [of_one]
    assert [float(loss) for loss in spread.losses] == [of_spread]
