import numpy as np
import pytest

from kerasreg.augment import Augmenter, Perspective
from tests.augment.by_hand import by_hand, photograph


def test_corners_go_where_their_fractions_say():
    """Corners of the image, from the upper left clockwise; straight lines between them."""
    image = np.ones((1, 40, 60, 1), "float32")
    inward = np.array([[0.5, 0.0, 0.2, 0.3]], "float32")
    downward = np.array([[0.1, 0.4, 0.0, 0.6]], "float32")
    parameters = {"horizontal_fractions": inward, "vertical_fractions": downward}
    result = by_hand([Perspective(0.6)], [parameters], image, interpolation="nearest")[0, ..., 0]
    corners = [(15, 2), (60, 8), (54, 40), (9, 28)]
    y, x = np.indices((40, 60)) + 0.5
    inside = np.ones((40, 60), bool)
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
        inside &= (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) > 0
    assert np.mean((result == 1) != inside) < 0.002


def test_no_fraction_is_exactly_the_image():
    images = photograph(2, 7, 10, 2)
    none = {name: np.zeros((2, 4), "float32") for name in Perspective.neutral}
    np.testing.assert_array_equal(by_hand([Perspective(0.5)], [none], images), images)


def test_every_corner_is_drawn_by_itself():
    n = 20_000
    (drawn,) = Augmenter([Perspective(0.5)], seed=4).draw(range(n))
    values = np.concatenate([value.numpy() for value in drawn.values()], axis=1)
    assert values.shape == (n, 8)
    assert values.min() >= 0
    assert 0.499 < values.max() <= 0.5
    assert np.abs(values.mean(axis=0) - 0.25).max() < 5 * 0.5 / np.sqrt(12 * n)
    assert np.abs(np.corrcoef(values.T) - np.eye(8)).max() < 5 / np.sqrt(n)


def test_a_limit_holds_for_its_class():
    labels = np.arange(200) % 2
    augmenter = Augmenter([Perspective(0.5, limits={1: 0.1})], seed=4)
    (drawn,) = augmenter.draw(range(200), labels=labels)
    largest = drawn["vertical_fractions"].numpy().max(axis=1)
    assert largest[labels == 1].max() <= 0.1
    assert largest[labels == 0].max() > 0.4


@pytest.mark.parametrize("value", [-0.1, 0.7, float("nan")])
def test_bad_fraction(value):
    with pytest.raises(ValueError, match=r"`max_fraction`.*between 0 and 0.65.*\(Perspective\)"):
        Perspective(value)
