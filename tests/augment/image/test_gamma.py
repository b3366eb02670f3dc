import numpy as np
import pytest

from kerasreg import augment
from tests.augment.by_hand import by_hand
from tests.augment.image.photographs import PHOTOGRAPHS, draws

GAMMAS = np.array([0.25, 0.5, 1, 1.5, 2, 4], "float32")


@pytest.mark.parametrize("ends", [(0.0, 255.0), (-100.0, 255.0)])
def test_raises_to_a_power(ends):
    found = by_hand([augment.Gamma(3)], [{"gamma": GAMMAS}], PHOTOGRAPHS, value_range=ends)
    low, high = ends
    share = (PHOTOGRAPHS.astype("float64") - low) / (high - low)
    expected = low + share ** GAMMAS[:, None, None, None].astype("float64") * (high - low)
    np.testing.assert_allclose(found, expected, atol=0.01)
    np.testing.assert_array_equal(found[2], PHOTOGRAPHS[2])


def test_a_power_and_its_inverse_are_as_likely():
    gammas = draws(augment.Gamma(1.0), "gamma")
    assert 0.5 <= gammas.min() < 0.501
    assert 1.999 < gammas.max() <= 2.0001
    logs = np.log2(gammas)
    assert abs(logs.mean()) <= 5 / np.sqrt(3 * len(logs))


@pytest.mark.parametrize("value", [-0.1, float("inf"), None])
def test_bad_changes(value):
    with pytest.raises((TypeError, ValueError), match=r"argument `max_change`.*\(Gamma\)"):
        augment.Gamma(value)
