import numpy as np
import pytest
from keras import ops

from kerasreg.regularizers._spectral import as_matrix, largest_singular_value


def test_the_value_after_each_round():
    gram = np.array([[0.6, 0.1], [0.2, 0.9], [0.5, -0.3]])
    excess = ops.convert_to_tensor(gram.T @ gram - np.eye(2), "float32")
    for rounds, expected in ((1, 0.3613862), (2, 0.378101), (9, 0.3781139)):
        found = float(largest_singular_value(excess, rounds, start=[1.0, 1.0]))
        assert found == pytest.approx(expected, abs=2e-7)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (1, 6), (6, 1)])
def test_against_numpy(shape):
    matrix = np.random.default_rng(sum(shape)).normal(size=shape)
    found = float(largest_singular_value(ops.convert_to_tensor(matrix, "float32"), 100))
    assert found == pytest.approx(np.linalg.norm(matrix, 2), rel=1e-4)


def test_a_zero_matrix():
    assert float(largest_singular_value(ops.zeros((3, 2)), 3)) == 0


def test_kernels_as_matrices():
    kernel = np.arange(24.0).reshape(2, 3, 2, 2)
    np.testing.assert_array_equal(ops.convert_to_numpy(as_matrix(kernel)), kernel.reshape(12, 2))
    assert tuple(as_matrix(np.ones(4)).shape) == (1, 4)
    assert tuple(as_matrix(np.float32(2.0)).shape) == (1, 1)
