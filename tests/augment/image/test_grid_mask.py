import numpy as np
import pytest

from kerasreg import augment
from tests.augment.by_hand import by_hand


def test_squares_at_the_knots_of_a_grid():
    images = np.ones((2, 8, 12, 1), "float32")
    parameters = {
        "ratio": np.array([0.5, 0.0], "float32"),
        "period": np.full(2, 0.5, "float32"),
        "start": np.array([[0.0, 0.3], [0, 0]], "float32"),
    }
    found = by_hand([augment.GridMask(fill_value=7)], [parameters], images)
    expected = images.copy()
    for row in (0, 4):
        for columns in ((0, 1), (3, 5), (7, 9), (11, 12)):
            expected[0, row : row + 2, slice(*columns)] = 7
    np.testing.assert_array_equal(found, expected)


def test_the_share_that_is_erased():
    images = np.ones((500, 64, 64, 1), "uint8")
    own = augment.Augmenter([augment.GridMask(0.5, period=(0.25, 0.25))], seed=1)
    lost = 1 - own.apply(images, index=0).numpy().mean(axis=(1, 2, 3))
    np.testing.assert_allclose(lost, 0.25)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"ratio": 1.5}, "ratio"),
        ({"period": (0.5, 0.2)}, "period"),
        ({"period": (0.5, 1.5)}, "period"),
        ({"period": 0.5}, "period"),
        ({"fill_value": "x"}, "fill_value"),
    ],
)
def test_bad_arguments(arguments, name):
    with pytest.raises((TypeError, ValueError), match=rf"argument `{name}`.*\(GridMask\)"):
        augment.GridMask(**arguments)
