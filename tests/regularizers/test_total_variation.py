import numpy as np
import pytest

from kerasreg.regularizers import TotalVariation

WEIGHTS = np.array([[3.0, 0.0, 1.0], [4.0, 0.0, -2.0]])


@pytest.mark.parametrize(
    ("axis", "expected"), [(None, 4), (0, 4), (1, 10), (-1, 10), ((0, 1), 14), ((1, -2), 14)]
)
def test_value(axis, expected):
    assert float(TotalVariation(0.1, axis)(WEIGHTS)) == pytest.approx(0.1 * expected)


def test_by_default_only_the_places_of_a_convolution_are_compared():
    kernel = np.random.default_rng(0).normal(size=(3, 4, 2, 5))
    expected = np.abs(np.diff(kernel, axis=0)).sum() + np.abs(np.diff(kernel, axis=1)).sum()
    assert float(TotalVariation(1.0)(kernel)) == pytest.approx(expected, rel=1e-5)
    assert float(TotalVariation(1.0)(kernel[:, 0])) == pytest.approx(
        np.abs(np.diff(kernel[:, 0], axis=0)).sum(), rel=1e-5
    )


def test_gradient(gradient):
    found = gradient(TotalVariation(0.5, 1), [[3.0, 0.0, 1.0], [4.0, 0.5, -2.0]])
    np.testing.assert_allclose(found, [[0.5, -1.0, 0.5], [0.5, 0.0, -0.5]])


def test_an_axis_that_the_weights_do_not_have():
    with pytest.raises(ValueError, match=r"`axis`.*an axis of a tensor of shape \(2, 3\)"):
        TotalVariation(axis=2)(WEIGHTS)
