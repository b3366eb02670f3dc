import numpy as np
import pytest

from kerasreg import augment
from tests.augment.by_hand import by_hand


def test_a_square_around_its_middle_that_may_leave_the_image():
    images = np.ones((3, 8, 12, 2), "float32")
    middles = np.array([[0.5, 0.5], [0.0, 0.0], [0.99, 0.5]], "float32")
    parameters = {"side": np.full(3, 0.5, "float32"), "middle": middles}
    found = by_hand([augment.Cutout(0.5, fill_value=7)], [parameters], images)
    expected = images.copy()
    expected[0, 2:6, 4:8] = 7
    expected[1, 0:2, 0:2] = 7
    expected[2, 5:8, 4:8] = 7
    np.testing.assert_array_equal(found, expected)


def test_middles_are_all_pixels_alike():
    images = np.zeros((20_000, 4, 5, 1), "uint8")
    own = augment.Augmenter([augment.Cutout(0.25, fill_value=1)], seed=1)
    counts = own.apply(images, index=0).numpy().mean(axis=0)
    assert np.abs(counts - 1 / 20).max() <= 5 * np.sqrt(1 / 20 * 19 / 20 / len(images))


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"side": 1.5}, "side"),
        ({"side": None}, "side"),
        ({"side": 0.5, "fill_value": float("nan")}, "fill_value"),
    ],
)
def test_bad_arguments(arguments, name):
    with pytest.raises((TypeError, ValueError), match=rf"argument `{name}`.*\(Cutout\)"):
        augment.Cutout(**arguments)
