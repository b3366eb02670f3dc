import numpy as np
from keras import ops

from kerasreg._backend.gradients import value_and_gradients


def cubes(tensors):
    first, second, _ = tensors
    return ops.sum(first**3) + ops.sum(second), first


def test_values_and_gradients_of_several_tensors():
    tensors = [ops.convert_to_tensor([1.0, 2.0]), ops.convert_to_tensor(5.0), ops.ones(3)]
    for differentiable in (False, True):
        value, rest, found = value_and_gradients(cubes, tensors, differentiable=differentiable)
        assert float(value) == 14.0
        np.testing.assert_array_equal(ops.convert_to_numpy(ops.stop_gradient(rest)), [1, 2])
        expected = [[3.0, 12.0], 1.0, [0.0, 0.0, 0.0]]
        for gradient, each in zip(found, expected, strict=True):
            numbers = ops.convert_to_numpy(ops.stop_gradient(gradient))
            np.testing.assert_allclose(numbers, each, rtol=1e-6)


def test_gradients_of_gradients():
    def slope(tensors):
        _, _, (gradient,) = value_and_gradients(lambda x: (ops.sum(x[0] ** 3), None), tensors)
        return ops.sum(gradient), None

    _, _, (second,) = value_and_gradients(slope, [ops.convert_to_tensor([1.0, 2.0])])
    np.testing.assert_allclose(ops.convert_to_numpy(ops.stop_gradient(second)), [6, 12], rtol=1e-6)
