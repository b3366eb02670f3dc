import numpy as np
import pytest

from kerasreg.augment import Augmenter, Shift
from tests.augment.by_hand import by_hand, photograph


def shifted(images, right, down, **options):
    """Shifts by whole pixels."""
    height, width = images.shape[1:3]
    count = len(images)
    parameters = {
        "horizontal_fraction": np.full(count, right / width, "float32"),
        "vertical_fraction": np.full(count, down / height, "float32"),
    }
    return by_hand([Shift(1, 1)], [parameters], images, **options)


@pytest.mark.parametrize(("right", "down"), [(0, 0), (1, 0), (0, 1), (-3, 2), (4, -4), (16, 8)])
def test_whole_pixels_move_right_and_down(right, down):
    """Sizes are powers of two: the fractions are exact."""
    images = photograph(2, 8, 16, 3)
    rolled = np.roll(images, (down, right), axis=(1, 2))
    np.testing.assert_array_equal(shifted(images, right, down, fill_mode="wrap"), rolled)
    rows, columns = np.arange(8) - down, np.arange(16) - right
    rows, columns = (rows >= 0) & (rows < 8), (columns >= 0) & (columns < 16)
    known = rows[:, None, None] & columns[None, :, None]
    expected = np.where(known, rolled, 9.0)
    np.testing.assert_array_equal(shifted(images, right, down, fill_value=9.0), expected)


@pytest.mark.parametrize(
    ("fill_mode", "row"),
    [
        ("constant", [0, 0, 1, 2]),
        ("reflect", [2, 1, 1, 2]),
        ("wrap", [3, 4, 1, 2]),
        ("nearest", [1, 1, 1, 2]),
    ],
)
def test_fill_modes(fill_mode, row):
    image = np.array([1, 2, 3, 4], "float32").reshape(1, 1, 4, 1)
    assert shifted(image, 2, 0, fill_mode=fill_mode).ravel().tolist() == row


def test_half_a_pixel_is_the_mean_of_two():
    image = np.array([0, 8, 2, 4], "float32").reshape(1, 1, 4, 1)
    result = shifted(image, 0.5, 0, fill_mode="nearest").ravel()
    assert result.tolist() == [0, 4, 5, 3]
    assert shifted(image, 0.5, 0, interpolation="nearest").ravel().tolist() == [0, 8, 2, 4]


def test_both_directions_are_drawn_apart():
    n = 20_000
    (drawn,) = Augmenter([Shift(0.2, 0.1)], seed=4).draw(range(n))
    right, down = drawn["horizontal_fraction"].numpy(), drawn["vertical_fraction"].numpy()
    for values, limit in ((right, 0.2), (down, 0.1)):
        assert 0.99 * limit < np.abs(values).max() <= limit * (1 + 1e-6)
        assert abs(values.mean()) < 5 * limit / np.sqrt(3 * n)
    assert abs(np.corrcoef(right, down)[0, 1]) < 5 / np.sqrt(n)
