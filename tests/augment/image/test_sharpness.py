import numpy as np
import pytest
from PIL import ImageEnhance

from kerasreg import augment
from tests.augment.by_hand import by_hand
from tests.augment.image.photographs import PHOTOGRAPHS, draws, pillow

FACTORS = np.array([0, 0.3, 0.8, 1, 1.4, 2], "float32")


def test_agrees_with_pillow_within_a_gray_level():
    found = by_hand(
        [augment.Sharpness(1.0)], [{"factor": FACTORS}], PHOTOGRAPHS, value_range=(0.0, 255.0)
    )
    expected = pillow(lambda image, factor: ImageEnhance.Sharpness(image).enhance(factor), *FACTORS)
    np.testing.assert_allclose(np.round(found), expected, atol=1)
    np.testing.assert_array_equal(found[3], PHOTOGRAPHS[3])


def test_the_range_of_the_values_does_not_matter():
    arguments = [augment.Sharpness(1.0)], [{"factor": FACTORS}]
    bytes_ = by_hand(*arguments, PHOTOGRAPHS, value_range=(0.0, 255.0))
    signed = by_hand(*arguments, PHOTOGRAPHS / 127.5 - 1, value_range=(-1.0, 1.0))
    np.testing.assert_allclose((signed + 1) * 127.5, bytes_, atol=0.01)


def test_factors_are_uniform_to_both_sides():
    factors = draws(augment.Sharpness(0.4), "factor")
    assert 0.6 <= factors.min() < 0.601
    assert 1.399 < factors.max() <= 1.4
    assert abs(factors.mean() - 1) <= 5 * 0.4 / np.sqrt(3 * len(factors))


@pytest.mark.parametrize("value", [-0.1, 1.1, None, "much", float("nan")])
def test_bad_changes(value):
    with pytest.raises((TypeError, ValueError), match=r"argument `max_change`.*\(Sharpness\)"):
        augment.Sharpness(value)
