import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.constraints import SpectralBall


def clipped(matrix, radius):
    """Returns the projection by the singular value decomposition, in float64."""
    u, s, v = np.linalg.svd(np.asarray(matrix, "float64"), full_matrices=False)
    return (u * np.minimum(s, radius)) @ v


def ball(weights, radius):
    return ops.convert_to_numpy(SpectralBall(radius)(np.asarray(weights, "float32")))


@pytest.mark.parametrize("radius", [0.1, 1.0, 8.0])
@pytest.mark.parametrize("shape", [(20, 30), (30, 20), (40, 40), (1, 7), (7, 1)], ids=str)
def test_the_projection_by_the_singular_value_decomposition(shape, radius):
    weights = np.random.default_rng(0).normal(size=shape)
    found, largest = ball(weights, radius), np.linalg.norm(weights, 2)
    np.testing.assert_allclose(found, clipped(weights, radius), atol=2e-6 * largest)


def with_singular_values(values, rows=12):
    rng = np.random.default_rng(0)
    u = np.linalg.qr(rng.normal(size=(rows, len(values))))[0]
    v = np.linalg.qr(rng.normal(size=(len(values), len(values))))[0]
    return (u * values) @ v


@pytest.mark.parametrize(
    "values",
    [
        (5.0, 1.0, 1e-3, 0.0),
        (1e4, 1.0, 0.5, 1e-6),
        (1.0, 1.0, 1.0, 1.0),
        (1.0001, 0.9999, 1.0, 0.0),
        (3.0, 3.0, 0.0, 0.0),
    ],
    ids=str,
)
def test_singular_values_far_apart_equal_or_at_the_bound(values):
    matrix = with_singular_values(values)
    np.testing.assert_allclose(ball(matrix, 1.0), clipped(matrix, 1.0), atol=2e-6 * values[0])


def test_the_kernel_of_a_convolution_is_a_matrix_with_a_column_for_each_filter():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 4, 5))
    found = ball(kernel, 1.0)
    expected = clipped(kernel.reshape(36, 5), 1.0).reshape(kernel.shape)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_vectors_and_scalars():
    np.testing.assert_allclose(ball([3.0, 4.0], 1.0), [0.6, 0.8], rtol=1e-6)
    np.testing.assert_allclose(ball(-3.0, 2.0), -2.0, rtol=1e-6)


def test_weights_that_are_not_finite_show():
    assert np.isnan(ball([[np.nan, 1.0], [1.0, 1.0]], 1.0)).any()


def test_training_under_it_finds_the_closest_map():
    target = np.random.default_rng(0).normal(size=(4, 3))
    dense = keras.layers.Dense(3, use_bias=False, kernel_constraint=SpectralBall(1.0))
    model = keras.Sequential([keras.Input((4,)), dense])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    model.fit(np.eye(4), target, epochs=60, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], clipped(target, 1.0), atol=1e-4)
