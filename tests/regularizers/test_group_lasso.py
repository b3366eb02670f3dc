import keras
import numpy as np
import pytest

from kerasreg.regularizers import L1, GroupLasso

WEIGHTS = np.array([[3.0, 0.0, 1.0], [4.0, 0.0, -2.0]])


def test_value_and_gradient_of_columns_one_of_them_zero(gradient):
    penalty = GroupLasso(0.1)
    assert float(penalty(WEIGHTS)) == pytest.approx(1.023335, abs=1e-6)
    expected = [[0.08485281, 0.0, 0.06324555], [0.1131371, 0.0, -0.1264911]]
    np.testing.assert_allclose(gradient(penalty, WEIGHTS), expected, atol=1e-6)


def test_without_the_size_factor():
    assert float(GroupLasso(0.1, size_factor=False)(WEIGHTS)) == pytest.approx(0.7236068)


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1, -2, (2, 3), (-1, 0), (0, 1, 2, 3)], ids=str)
def test_groups_of_a_convolution_kernel(axis):
    kernel = np.random.default_rng(0).normal(size=(3, 2, 4, 5))
    numbering = {each % 4 for each in (axis if isinstance(axis, tuple) else (axis,))}
    within = tuple(each for each in range(4) if each not in numbering)
    norms = np.sqrt((kernel**2).sum(axis=within))
    size = np.prod([kernel.shape[each] for each in within])
    expected = np.sqrt(size) * norms.sum()
    assert float(GroupLasso(1.0, axis=axis)(kernel)) == pytest.approx(expected, rel=1e-5)


def test_groups_of_one_are_l1():
    kernel = WEIGHTS.astype("float32")
    assert float(GroupLasso(0.3, axis=(0, 1))(kernel)) == pytest.approx(float(L1(0.3)(kernel)))


def test_a_zero_matrix_has_a_zero_gradient(gradient):
    assert not gradient(GroupLasso(1.0), np.zeros((3, 2))).any()


def test_training_empties_groups_that_do_nothing():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 6)).astype("float32")
    y = x[:, :2] @ generator.normal(size=(2, 3))
    layer = keras.layers.Dense(3, use_bias=False, kernel_regularizer=GroupLasso(0.02, axis=0))
    model = keras.Sequential([keras.Input((6,)), layer])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(x, y, epochs=20, verbose=0)
    norms = np.linalg.norm(layer.get_weights()[0], axis=1)
    assert norms[2:].max() < 0.02
    assert norms[:2].min() > 0.2


@pytest.mark.parametrize("axis", [2, -3, (0, 5)])
def test_an_axis_that_the_weights_do_not_have(axis):
    with pytest.raises(ValueError, match=r"`axis`.*an axis of a tensor of shape \(2, 3\)"):
        GroupLasso(axis=axis)(WEIGHTS)
