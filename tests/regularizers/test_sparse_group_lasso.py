import numpy as np
import pytest

from kerasreg.regularizers import L1, GroupLasso, SparseGroupLasso

WEIGHTS = np.array([[3.0, 0.0, 1.0], [4.0, 0.0, -2.0]])


@pytest.mark.parametrize("size_factor", [True, False])
@pytest.mark.parametrize("l1_fraction", [0.0, 0.25, 1.0])
def test_value(l1_fraction, size_factor):
    groups = (5 + np.sqrt(5)) * (np.sqrt(2) if size_factor else 1)
    expected = 0.1 * ((1 - l1_fraction) * groups + l1_fraction * 10)
    penalty = SparseGroupLasso(0.1, l1_fraction, size_factor=size_factor)
    assert float(penalty(WEIGHTS)) == pytest.approx(expected)


def test_both_ends_are_other_penalties():
    for fraction, same in ((0, GroupLasso(0.3, axis=0)), (1, L1(0.3))):
        penalty = SparseGroupLasso(0.3, fraction, axis=0)
        assert float(penalty(WEIGHTS)) == pytest.approx(float(same(WEIGHTS)))


def test_gradient(gradient):
    found = gradient(SparseGroupLasso(1.0, 0.5, size_factor=False), WEIGHTS)
    length = np.array([5.0, 1.0, np.sqrt(5)])
    expected = 0.5 * WEIGHTS / length + 0.5 * np.sign(WEIGHTS)
    np.testing.assert_allclose(found, expected, atol=1e-6)
