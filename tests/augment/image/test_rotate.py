import numpy as np
import pytest

from kerasreg.augment import Augmenter, Rotate, Shift
from tests.augment.by_hand import by_hand, photograph
from tests.augment.image.test_warp import resampled


def rotated(images, degrees, **options):
    degrees = np.full(len(images), degrees, "float32")
    return by_hand([Rotate(180)], [{"degrees": degrees}], images, **options)


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("quarters", [-2, -1, 0, 1, 2])
def test_quarter_turns_are_exact_and_counter_clockwise(quarters, jit_compile):
    images = photograph(2, 7, 7, 3)
    result = rotated(images, 90 * quarters, jit_compile=jit_compile)
    np.testing.assert_array_equal(result, np.rot90(images, quarters, axes=(1, 2)))


@pytest.mark.parametrize("size", [1, 2, 8])
def test_even_and_single_pixel_images_turn_about_their_centre(size):
    images = photograph(1, size, size, 1)
    np.testing.assert_array_equal(rotated(images, 90), np.rot90(images, axes=(1, 2)))


def test_a_small_positive_angle_lifts_the_right_side():
    image = np.zeros((1, 21, 21, 1), "float32")
    image[0, 10, 18] = 1
    rows, columns = np.indices((21, 21))
    result = rotated(image, 30)[0, ..., 0]
    row, column = (result * rows).sum() / result.sum(), (result * columns).sum() / result.sum()
    assert row == pytest.approx(10 - 8 * np.sin(np.pi / 6), abs=0.05)
    assert column == pytest.approx(10 + 8 * np.cos(np.pi / 6), abs=0.05)


@pytest.mark.parametrize("fill_mode", ["constant", "reflect", "wrap", "nearest"])
def test_rotation_then_shift_is_one_resampling(fill_mode):
    """Against the product of both maps in float64: resampling twice would differ by far more."""
    images = photograph(3, 9, 14, 2) / 255
    degrees = np.array([17.0, -63.0, 154.0], "float32")
    right, down = np.array([0.1, -0.05, 0.25], "float32"), np.array([0.3, 0.0, -0.125], "float32")
    parameters = [{"degrees": degrees}, {"horizontal_fraction": right, "vertical_fraction": down}]
    operations = [Rotate(180), Shift(1, 1)]
    result = by_hand(operations, parameters, images, fill_mode=fill_mode, fill_value=0.5)
    for i, image in enumerate(images):
        c, s = (
            np.cos(np.radians(degrees[i], dtype="f8")),
            np.sin(np.radians(degrees[i], dtype="f8")),
        )
        turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        move = np.array([[1, 0, -14.0 * right[i]], [0, 1, -9.0 * down[i]], [0, 0, 1]])
        expected = resampled(image, (turn @ move)[:2].ravel(), fill_mode, 0.5, 1)
        np.testing.assert_allclose(result[i], expected, atol=1e-4)


def test_the_order_of_rotation_and_shift_counts():
    image = np.zeros((1, 9, 9, 1), "float32")
    image[0, 4, 4] = 1
    turn = {"degrees": np.array([90.0], "float32")}
    move = {
        "horizontal_fraction": np.array([3 / 9], "float32"),
        "vertical_fraction": np.zeros(1, "float32"),
    }
    turned_first = by_hand([Rotate(180), Shift(1, 1)], [turn, move], image)
    moved_first = by_hand([Shift(1, 1), Rotate(180)], [move, turn], image)
    np.testing.assert_allclose(turned_first[0, 4, 7], 1, atol=1e-5)
    np.testing.assert_allclose(moved_first[0, 1, 4], 1, atol=1e-5)


def test_angles_are_uniform_within_the_limit():
    n = 20_000
    (drawn,) = Augmenter([Rotate(30)], seed=4).draw(range(n))
    degrees = drawn["degrees"].numpy()
    assert np.abs(degrees).max() <= 30
    assert len(np.unique(degrees)) > 0.99 * n
    assert abs(degrees.mean()) < 5 * 30 / np.sqrt(3 * n)
    share = (degrees > 15).mean()
    assert abs(share - 0.25) < 5 * np.sqrt(0.25 * 0.75 / n)
