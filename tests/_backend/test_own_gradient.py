import keras
import pytest
from keras import ops

from kerasreg._backend.own_gradient import own_gradient


def cube(x, factor):
    return factor * x**3


def forward(x, factor):
    return cube(x, factor), x**2


def gradient(upstream, kept, x, factor):
    """The derivatives for x, which is marked by a factor of 10, and for the factor."""
    return 10 * 3 * upstream * factor * kept[0], upstream * x * kept[0]


def test_result_is_what_forward_returns():
    found = own_gradient(forward, gradient, cube)(ops.array(2.0), ops.array(5.0))
    assert [float(value) for value in found] == [40.0, 4.0]


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="others differentiate forward")
@pytest.mark.parametrize("in_graph", [False, True])
def test_first_derivative_is_the_given_and_later_ones_those_of_plain(in_graph):
    import tensorflow as tf

    def derivatives(x, factor):
        with tf.GradientTape(persistent=True) as third:
            third.watch(x)
            with tf.GradientTape(persistent=True) as second:
                second.watch(x)
                with tf.GradientTape(persistent=True) as first:
                    first.watch([x, factor])
                    y = own_gradient(forward, gradient, cube)(x, factor)[0]
                by_x, by_factor = first.gradient(y, [x, factor])
            by_x_twice = second.gradient(by_x, x)
        return by_x, by_factor, by_x_twice, third.gradient(by_x_twice, x)

    if in_graph:
        derivatives = tf.function(derivatives)
    found = derivatives(tf.constant(2.0), tf.constant(5.0))
    assert [float(value) for value in found] == [600.0, 8.0, 60.0, 30.0]
