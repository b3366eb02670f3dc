import numpy as np
import pytest

from kerasreg.augment import Augmenter, Shear
from tests.augment.by_hand import by_hand, photograph


def sheared(images, horizontal, vertical, **options):
    count = len(images)
    parameters = {
        "horizontal_degrees": np.full(count, horizontal, "float32"),
        "vertical_degrees": np.full(count, vertical, "float32"),
    }
    return by_hand([Shear(80, 80)], [parameters], images, **options)


def test_45_degrees_move_each_row_by_its_height_over_the_centre():
    images = photograph(2, 7, 9, 2)
    result = sheared(images, 45, 0, fill_mode="wrap", interpolation="nearest")
    for row in range(7):
        np.testing.assert_array_equal(result[:, row], np.roll(images[:, row], 3 - row, axis=1))


def test_45_degrees_lift_each_column_by_its_place():
    images = photograph(2, 7, 9, 2)
    result = sheared(images, 0, 45, fill_mode="wrap", interpolation="nearest")
    for column in range(9):
        expected = np.roll(images[:, :, column], 4 - column, axis=1)
        np.testing.assert_array_equal(result[:, :, column], expected)


def test_the_horizontal_shear_comes_first():
    image = np.zeros((1, 21, 21, 1), "float32")
    image[0, 6, 10] = 1
    result = sheared(image, 45, 45, interpolation="nearest")
    # 4 above the centre: 4 to the right, and then up by those 4.
    assert np.argwhere(result[0, ..., 0]).tolist() == [[2, 14]]


def test_angles_are_uniform_and_level_lines_stay_unless_asked():
    n = 20_000
    (drawn,) = Augmenter([Shear(20)], seed=4).draw(range(n))
    degrees = drawn["horizontal_degrees"].numpy()
    assert 19.9 < np.abs(degrees).max() <= 20
    assert abs(degrees.mean()) < 5 * 20 / np.sqrt(3 * n)
    assert abs(np.mean(degrees > 10) - 0.25) < 5 * np.sqrt(0.25 * 0.75 / n)
    assert not drawn["vertical_degrees"].numpy().any()


@pytest.mark.parametrize(
    ("make", "error", "name"),
    [
        (lambda: Shear(90), ValueError, "max_horizontal_degrees"),
        (lambda: Shear(10, -1), ValueError, "max_vertical_degrees"),
        (lambda: Shear("left"), TypeError, "max_horizontal_degrees"),
    ],
)
def test_bad_arguments(make, error, name):
    with pytest.raises(error, match=rf"Invalid value received for argument `{name}`"):
        make()
