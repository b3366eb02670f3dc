import keras
import numpy as np

from kerasreg._backend.two_point_step import two_point_step


class Shifted(keras.Sequential):
    """Takes its gradients where the weights are larger by 1."""

    def train_step(self, *args):
        def move(weights, gradients):
            return [each + 1.0 for each in weights]

        return two_point_step(self, move, *args)


def test_the_gradient_is_that_of_the_second_point_and_the_loss_of_the_first():
    dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = Shifted([keras.Input((1,)), dense])
    model.compile(keras.optimizers.SGD(0.125), "mse", metrics=["mae"])
    logs = model.fit(np.ones((4, 1)), np.zeros((4, 1)), verbose=0).history
    assert logs == {"loss": [1.0], "mae": [1.0]}
    assert model.get_weights()[0] == 1.0 - 0.125 * 2 * 2.0
