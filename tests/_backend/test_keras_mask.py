import keras
import numpy as np
from keras import ops

from kerasreg._backend.keras_mask import masked


class FirstOnly(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return masked(y_pred - y_true, ops.convert_to_tensor([True, False]))


def test_masked_values_do_not_count():
    assert float(FirstOnly()(np.zeros(2), np.array([3.0, 5.0]))) == 3.0


def test_masked_values_do_not_count_in_a_compiled_step():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Activation("linear")])
    model.compile("sgd", FirstOnly())
    assert model.evaluate(np.array([[3.0], [5.0]]), np.zeros((2, 1)), verbose=0) == 4.0 - 1.0
