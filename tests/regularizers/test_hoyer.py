import numpy as np
import pytest

from kerasreg.regularizers import Hoyer

WEIGHTS = np.array([[3.0, 0.0, 1.0], [4.0, 0.0, -2.0]])


def test_value():
    assert float(Hoyer(0.3)(WEIGHTS)) == pytest.approx(0.3 * 100 / 30)
    assert float(Hoyer(0.3, squared=False)(WEIGHTS)) == pytest.approx(0.3 * 10 / np.sqrt(30))


def test_groups():
    rows = (np.sqrt(10) + np.sqrt(20)) ** 2 / 30
    assert float(Hoyer(1.0, axis=0)(WEIGHTS)) == pytest.approx(rows)
    assert float(Hoyer(1.0, axis=(0, 1))(WEIGHTS)) == pytest.approx(100 / 30)


@pytest.mark.parametrize("squared", [True, False])
def test_scale_does_not_matter_and_one_weight_has_the_least(squared):
    penalty = Hoyer(1.0, squared)
    assert float(penalty(1e-6 * WEIGHTS)) == pytest.approx(float(penalty(1e6 * WEIGHTS)), rel=1e-5)
    assert float(penalty([0.0, -7.0, 0.0])) == pytest.approx(1)
    assert float(penalty(np.ones(9))) == pytest.approx(9 if squared else 3)


@pytest.mark.parametrize("axis", [None, 0])
@pytest.mark.parametrize("squared", [True, False])
def test_gradient_by_differences(gradient, squared, axis):
    weights = np.array([[3.0, 0.5, 1.0], [4.0, -1.5, -2.0]])

    def value(w):
        each = np.abs(w) if axis is None else np.sqrt((w**2).sum(axis=1))
        ratio = each.sum() / np.sqrt((each**2).sum())
        return ratio**2 if squared else ratio

    expected = np.zeros_like(weights)
    for place in np.ndindex(weights.shape):
        step = np.zeros_like(weights)
        step[place] = 1e-6
        expected[place] = (value(weights + step) - value(weights - step)) / 2e-6
    np.testing.assert_allclose(gradient(Hoyer(1.0, squared, axis), weights), expected, atol=2e-6)


def test_zero_weights_have_a_zero_gradient(gradient):
    for squared in (True, False):
        assert not gradient(Hoyer(1.0, squared), np.zeros((3, 2))).any()
