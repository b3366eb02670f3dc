import numpy as np
import pytest
from PIL import ImageOps

from kerasreg import augment
from tests.augment.by_hand import by_hand
from tests.augment.image.photographs import PHOTOGRAPHS, draws, pillow

LOST = np.array([0, 1, 3, 4, 6, 7], "float32")


def test_agrees_with_pillow():
    found = by_hand([augment.Posterize(8)], [{"bits": LOST}], PHOTOGRAPHS, value_range=(0.0, 255.0))
    expected = pillow(lambda image, lost: ImageOps.posterize(image, 8 - int(lost)), *LOST)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    np.testing.assert_array_equal(found[0], PHOTOGRAPHS[0])


@pytest.mark.parametrize("ends", [(0.0, 1.0), (-1.0, 1.0)])
@pytest.mark.parametrize("lost", [0, 1, 4, 7])
def test_every_level_in_other_ranges(ends, lost):
    low, high = ends
    levels = np.arange(256).reshape(1, 16, 16, 1)
    images = (low + levels / 255 * (high - low)).astype("float32")
    bits = {"bits": np.full(1, lost, "float32")}
    found = by_hand([augment.Posterize(8)], [bits], images, value_range=ends)
    expected = levels // 2**lost * 2**lost
    np.testing.assert_allclose((found - low) / (high - low) * 255, expected, atol=1e-3)


def test_numbers_of_bits_are_alike():
    n = 20_000
    bits = draws(augment.Posterize(3), "bits", n)
    shares = np.bincount(bits.astype(int)) / n
    assert len(shares) == 4
    assert np.abs(shares - 0.25).max() <= 5 * np.sqrt(0.25 * 0.75 / n)


@pytest.mark.parametrize("value", [-1, 9, 2.5, None])
def test_bad_bits(value):
    with pytest.raises((TypeError, ValueError), match=r"argument `max_bits`.*\(Posterize\)"):
        augment.Posterize(value)
