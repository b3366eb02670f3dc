import keras
import numpy as np
import pytest

from kerasreg.regularizers import L2

WEIGHTS = np.array([[3.0, 0.0, 1.0], [4.0, 0.0, -2.0]])


def test_value():
    assert float(L2(0.1)(WEIGHTS)) == pytest.approx(0.1 * (WEIGHTS**2).sum())


@pytest.mark.parametrize("dtype", ["float64", "float32", "mixed_float16", "mixed_bfloat16"])
def test_gradient_of_the_textbook_form_is_lambda_times_the_weights(gradient, dtype):
    np.testing.assert_allclose(gradient(L2(0.5 / 2), WEIGHTS, dtype), 0.5 * WEIGHTS)


def test_config_holds_the_factor_to_the_last_digit():
    assert L2(0.01).get_config() == {"l2": 0.01}
    assert L2.from_config(L2(0.1).get_config()).l2 == 0.1


def test_default_is_that_of_keras():
    assert L2().get_config() == {"l2": 0.01}
    assert isinstance(L2(), keras.regularizers.L2)


def test_half_precision_sum_does_not_overflow():
    """The sum is 524,288, and float16 ends at 65,504."""
    weights = keras.Variable(np.full((256, 512), 2.0), dtype="float16")
    assert float(L2(0.001)(weights)) == pytest.approx(524.288)


def test_half_precision_square_does_not_overflow():
    weights = keras.Variable(np.full((1, 1), 300.0), dtype="float16")
    assert float(L2(0.5)(weights)) == 45000


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX has float64 switched off")
def test_double_precision_is_kept():
    weights = keras.Variable([[1.0, 1e-6]], dtype="float64")
    assert float(L2(1.0)(weights)) == pytest.approx(1 + 1e-12, rel=1e-15, abs=0)


@pytest.mark.parametrize("batch", [1, 4])
def test_activity_in_mixed_precision_is_averaged_over_the_batch(batch):
    """A row's sum of squares is 320,000: out of reach of float16, like the sum over the batch."""
    layer = keras.layers.Activation("linear", activity_regularizer=L2(0.01), dtype="mixed_float16")
    layer(np.full((batch, 8), 200.0))
    assert [float(loss) for loss in layer.losses] == [pytest.approx(3200)]


class TestSharing:
    """A penalty belongs to a variable: it counts once however often the layer is used."""

    @pytest.fixture
    def layer(self):
        layer = keras.layers.Dense(2, kernel_regularizer=L2(0.1), kernel_initializer="ones")
        layer.build((None, 2))
        return layer

    def count(self, model):
        return [float(loss) for loss in model.losses]

    def test_layer_called_twice(self, layer):
        inputs = keras.Input((2,))
        assert self.count(keras.Model(inputs, layer(layer(inputs)))) == [pytest.approx(0.4)]

    def test_layer_in_a_model_and_beside_it(self, layer):
        inputs = keras.Input((2,))
        inner = keras.Sequential([keras.Input((2,)), layer])
        model = keras.Model(inputs, [layer(inputs), inner(inputs), inner(layer(inputs))])
        assert self.count(model) == [pytest.approx(0.4)]

    def test_attribute_twice(self, layer):
        class Twice(keras.Model):
            def __init__(self):
                super().__init__()
                self.one = self.other = layer
                self.list = [layer]

            def call(self, inputs):
                return self.one(self.other(inputs))

        model = Twice()
        model(np.ones((1, 2)))
        assert self.count(model) == [pytest.approx(0.4)]
