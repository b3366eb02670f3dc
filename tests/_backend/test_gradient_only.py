import keras
import numpy as np
import pytest
from keras import ops

from kerasreg._backend.gradient_only import gradient_of, gradient_only

X = np.array([[1.0, -2.0]], "float32")


def cubes(upstream, x):
    return upstream * 3 * x**2


both_forms = pytest.mark.parametrize(
    "gradient", [cubes, gradient_of(lambda x: ops.sum(x**3))], ids=["by hand", "found"]
)


def plain(tensor):
    return ops.convert_to_numpy(ops.stop_gradient(tensor))


def differentiated(function, x):
    """Returns the gradient of a scalar function of one tensor."""
    x = ops.convert_to_tensor(x)
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x)
        return tape.gradient(value, x)
    if backend == "jax":
        import jax

        return jax.grad(function)(x)
    import torch

    x = x if x.requires_grad else x.clone().requires_grad_()
    return torch.autograd.grad(function(x), x, create_graph=True)[0]


@both_forms
def test_value_and_gradient(gradient):
    assert float(gradient_only(gradient, ops.convert_to_tensor(X))) == 0
    found = differentiated(lambda x: 5 * gradient_only(gradient, x) + ops.sum(x), X)
    np.testing.assert_allclose(plain(found), 15 * X**2 + 1)


@both_forms
def test_second_derivative(gradient):
    found = differentiated(
        lambda x: ops.sum(differentiated(lambda x: gradient_only(gradient, x), x)), X
    )
    np.testing.assert_allclose(plain(found), 6 * X)


def test_constants_reach_the_gradient_and_have_none():
    factor = ops.convert_to_tensor(np.float32(2))
    found = differentiated(
        lambda x: gradient_only(lambda upstream, x, c: upstream * c * x, x, factor), X
    )
    np.testing.assert_allclose(plain(found), 2 * X)


def test_gradient_of_what_does_not_depend_on_the_tensor():
    found = gradient_of(lambda x: ops.zeros(()))(ops.ones(()), ops.convert_to_tensor(X))
    np.testing.assert_array_equal(ops.convert_to_numpy(found), 0 * X)
