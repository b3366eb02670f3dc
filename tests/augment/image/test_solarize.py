import numpy as np
import pytest
from PIL import ImageOps

from kerasreg import augment
from tests.augment.by_hand import by_hand
from tests.augment.image.photographs import PHOTOGRAPHS, draws, pillow

SHARES = np.array([0, 0.25, 0.5, 0.75, 0.9, 1], "float32")


def test_agrees_with_pillow():
    found = by_hand(
        [augment.Solarize(1.0)], [{"share": SHARES}], PHOTOGRAPHS, value_range=(0.0, 255.0)
    )
    expected = pillow(
        lambda image, share: ImageOps.solarize(image, 256 if share == 0 else 255 * (1 - share)),
        *SHARES,
    )
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(found[0], PHOTOGRAPHS[0])
    np.testing.assert_array_equal(found[5], 255.0 - PHOTOGRAPHS[5])


def test_parts_of_the_range_are_uniform():
    shares = draws(augment.Solarize(0.4), "share")
    assert 0 <= shares.min() < 0.001
    assert 0.399 < shares.max() <= 0.4


@pytest.mark.parametrize("value", [-0.1, 1.1, None])
def test_bad_shares(value):
    with pytest.raises((TypeError, ValueError), match=r"argument `max_share`.*\(Solarize\)"):
        augment.Solarize(value)
