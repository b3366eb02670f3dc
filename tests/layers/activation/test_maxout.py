import inspect

import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.layers import Maxout


def numpy(tensor):
    return ops.convert_to_numpy(ops.convert_to_tensor(tensor))


def data(*shape, dtype="float32"):
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


def test_a_unit_is_the_largest_of_every_so_many_features():
    z = np.array([[1, 5, 3, 2, 4, 6], [-1, -2, -3, -4, -5, -6]], "float32")
    np.testing.assert_array_equal(numpy(Maxout(2)(z)), [[4, 6], [-1, -2]])
    np.testing.assert_array_equal(numpy(Maxout(3)(z)), [[2, 5, 6], [-1, -2, -3]])


@pytest.mark.parametrize(
    ("shape", "units", "axis"),
    [
        ((3, 10), 5, -1),
        ((3, 10), 2, 1),
        ((3, 10), 10, 1),
        ((3, 10), 1, -1),
        ((2, 8, 6, 3), 4, 1),
        ((2, 8, 6, 3), 3, 2),
        ((2, 8, 6, 3), 2, -2),
        ((2, 8, 6, 3), 1, -1),
        ((1, 3, 4, 5, 6), 2, -1),
    ],
)
def test_any_axis(shape, units, axis):
    z = data(*shape)
    pieces = np.moveaxis(z, axis, 0)
    expected = np.stack([pieces[unit::units].max(0) for unit in range(units)])
    layer = Maxout(units, axis)
    outputs = numpy(layer(z))
    np.testing.assert_array_equal(outputs, np.moveaxis(expected, 0, axis))
    assert layer.compute_output_shape(shape) == outputs.shape


def test_with_a_dense_layer_it_is_the_network_of_the_paper():
    """A unit is max over j of x W[:, i, j] + b[i, j]."""
    units, pieces = 3, 4
    x, weights, bias = data(5, 2, dtype="float64"), data(2, units, pieces), data(units, pieces)
    expected = (np.einsum("nd,dij->nij", x, weights) + bias).max(-1)
    dense = keras.layers.Dense(units * pieces)
    dense.build((None, 2))
    dense.set_weights([weights.transpose(0, 2, 1).reshape(2, -1), bias.T.reshape(-1)])
    outputs = numpy(Maxout(units)(dense(x.astype("float32"))))
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-6)


def test_only_the_largest_has_a_gradient():
    z = np.array([[1.0, 5.0, 3.0, 2.0, 4.0, 6.0]], "float32")
    weight = keras.layers.EinsumDense("bi,i->bi", output_shape=(6,), kernel_initializer="ones")
    model = keras.Sequential([keras.Input((6,)), weight, Maxout(2)])
    model.compile(
        keras.optimizers.SGD(1.0), lambda true, pred: ops.sum(pred, axis=-1), run_eagerly=True
    )
    model.train_on_batch(z, np.zeros((1, 2)))
    np.testing.assert_allclose(1 - model.get_weights()[0], [0, 0, 0, 0, 4, 6])


@pytest.mark.parametrize("dtype", ["int32", "float16", "bfloat16", "float32"])
def test_dtype_is_kept(dtype):
    z = ops.cast(ops.convert_to_tensor(np.array([[3, 1, 2, 7]])), dtype)
    outputs = Maxout(2, dtype=dtype)(z)
    assert keras.backend.standardize_dtype(outputs.dtype) == dtype
    np.testing.assert_array_equal(numpy(ops.cast(outputs, "float32")), [[3, 7]])


def test_unknown_sizes_beside_the_axis():
    inputs = keras.Input((None, 6, None))
    model = keras.Model(inputs, Maxout(2, axis=2)(inputs))
    assert model.output_shape == (None, None, 2, None)
    for shape in [(1, 4, 6, 5), (3, 2, 6, 1), (2, 7, 6, 3)]:
        assert model.predict(data(*shape), verbose=0).shape == (*shape[:2], 2, shape[3])
    assert tuple(model(data(0, 4, 6, 5)).shape) == (0, 4, 2, 5)


def mask_after(layer, mask):
    inputs = ops.convert_to_tensor(data(*np.shape(mask), 6))
    return numpy(layer.compute_mask(inputs, ops.convert_to_tensor(mask)))


def test_mask_of_another_axis_goes_through():
    mask = np.array([[True, True, False, False], [True, False, False, False]])
    np.testing.assert_array_equal(mask_after(Maxout(3), mask), mask)
    assert Maxout(3).compute_mask(ops.zeros((1, 6)), None) is None


def test_mask_of_the_axis_follows_the_groups():
    mask = np.array([[True, True, False, False], [True, False, False, False]])
    expected = [[True, True], [True, False]]
    np.testing.assert_array_equal(mask_after(Maxout(2, axis=1), mask), expected)


@pytest.mark.parametrize("size", [5, None, 1, 0])
def test_features_that_cannot_be_divided(size):
    with pytest.raises(ValueError, match=r"`input_shape`.*a multiple of 2.*axis -1.*\(Maxout\)"):
        Maxout(2)(keras.Input((3, size)))


@pytest.mark.parametrize("axis", [3, -3, -4])
def test_axis_that_the_input_does_not_have(axis):
    with pytest.raises(ValueError, match=r"`axis`.*but the first, which has rank 3.*\(Maxout\)"):
        Maxout(2, axis)(keras.Input((4, 4)))


def test_arguments_stand_where_tensorflow_addons_had_them():
    parameters = inspect.signature(Maxout).parameters
    assert list(parameters)[:2] == ["units", "axis"]
    assert parameters["axis"].default == -1
