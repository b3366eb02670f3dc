import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.constraints import L1Ball


def projected(vector, radius):
    """Returns the projection by sorting, in float64."""
    sizes = np.sort(np.abs(vector))[::-1]
    thetas = (np.cumsum(sizes) - radius) / np.arange(1, len(sizes) + 1)
    theta = max(thetas[sizes > thetas][-1], 0.0)
    return np.sign(vector) * np.maximum(np.abs(vector) - theta, 0)


def ball(weights, **arguments):
    return ops.convert_to_numpy(L1Ball(**arguments)(np.asarray(weights, "float32")))


@pytest.mark.parametrize("radius", [1e-3, 0.5, 10.0, 100.0, 1e4])
def test_the_projection_by_sorting(radius):
    weights = np.random.default_rng(0).standard_cauchy((300, 4))
    expected = np.stack([projected(column, radius) for column in weights.T], 1)
    found = ball(weights, radius=radius)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-6 * np.abs(weights).max())
    assert (np.abs(found).sum(0) <= radius + 1e-5 * np.abs(weights).sum(0)).all()


def test_axes():
    weights = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    filters = np.stack([projected(weights[..., i].ravel(), 1.0) for i in range(5)], -1)
    found = ball(weights, axis=(0, 1, 2))
    np.testing.assert_allclose(found, filters.reshape(weights.shape), atol=1e-6)
    whole = projected(weights.ravel(), 1.0).reshape(weights.shape)
    np.testing.assert_allclose(ball(weights, axis=None), whole, atol=1e-6)
    single = np.clip(weights, -1, 1)
    np.testing.assert_allclose(ball(weights[..., None], axis=-1)[..., 0], single, atol=1e-6)
    assert float(ops.convert_to_numpy(L1Ball(0.5, None)(ops.convert_to_tensor(-3.0)))) == -0.5


def test_an_axis_that_the_weights_do_not_have_is_refused():
    with pytest.raises(ValueError, match=r"axis of a tensor of shape \(3,\).*\(L1Ball\)"):
        L1Ball(axis=1)(np.ones(3, "float32"))


def test_weights_that_are_not_finite_do_not_go_on_for_ever():
    found = ball([[np.nan, 1.0], [1.0, 1.0]])
    assert np.isnan(found[0, 0])
    np.testing.assert_array_equal(found[:, 1], [0.5, 0.5])
    assert np.isnan(ball([np.inf, 1.0])).any()


def test_many_equal_weights():
    np.testing.assert_allclose(ball(np.ones(10_000)), np.full(10_000, 1e-4), rtol=1e-3)


def test_the_lasso_as_a_bound():
    # For orthonormal inputs, the solution is the projection of the one without a bound.
    dense = keras.layers.Dense(1, use_bias=False, kernel_constraint=L1Ball(2.0))
    model = keras.Sequential([keras.Input((3,)), dense])
    model.compile(keras.optimizers.SGD(0.5), "mse")
    model.fit(np.eye(3), np.array([[2.0], [-1.0], [0.25]]), epochs=30, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], [[1.5], [-0.5], [0.0]], atol=1e-5)
