import numpy as np
import pytest

from kerasreg.augment import Augmenter, Zoom
from tests.augment.by_hand import by_hand, photograph


def zoomed(images, horizontal, vertical, **options):
    count = len(images)
    parameters = {
        "horizontal_factor": np.full(count, horizontal, "float32"),
        "vertical_factor": np.full(count, vertical, "float32"),
    }
    return by_hand([Zoom(1, 0.5)], [parameters], images, **options)


def test_a_factor_of_two_shows_the_middle_twice_as_large():
    """By nearest pixels: each of the middle is shown as a square of two by two."""
    images = photograph(2, 8, 12, 3)
    expected = images[:, 2:6, 3:9].repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_array_equal(zoomed(images, 2, 2, interpolation="nearest"), expected)


def test_a_factor_of_a_half_shows_means_and_a_margin():
    images = photograph(1, 8, 8, 1)
    means = images.reshape(1, 4, 2, 4, 2, 1).mean(axis=(2, 4))
    expected = np.full_like(images, 9)
    expected[:, 2:6, 2:6] = means
    np.testing.assert_allclose(zoomed(images, 0.5, 0.5, fill_value=9), expected, rtol=1e-6)


def test_both_directions_have_their_own_factor():
    images = photograph(1, 8, 8, 1)
    result = zoomed(images, 2, 1, interpolation="nearest")
    np.testing.assert_array_equal(result, images[:, :, 2:6].repeat(2, axis=2))


@pytest.mark.parametrize("keeps_aspect", [True, False])
def test_factors_are_uniform_between_their_ends(keeps_aspect):
    n = 20_000
    augmenter = Augmenter([Zoom(0.5, 0.25, keeps_aspect=keeps_aspect)], seed=4)
    across, down = (value.numpy() for value in augmenter.draw(range(n))[0].values())
    for factor in (across, down):
        assert 0.75 <= factor.min() < 0.751
        assert 1.499 < factor.max() <= 1.5
        assert abs(factor.mean() - 1.125) < 5 * 0.75 / np.sqrt(12 * n)
    assert (np.array_equal(across, down)) == keeps_aspect
    if not keeps_aspect:
        assert abs(np.corrcoef(across, down)[0, 1]) < 5 / np.sqrt(n)


def test_a_limit_holds_for_each_direction():
    zoom = Zoom(0.5, 0.5, limits={1: {"max_in_fraction": 0.1}, 2: 0.2})
    labels = np.arange(3000) % 3
    factor = Augmenter([zoom], seed=4).draw(range(3000), labels=labels)[0]["horizontal_factor"]
    ends = [
        (factor[labels == k].numpy().min(), factor[labels == k].numpy().max()) for k in range(3)
    ]
    np.testing.assert_allclose(ends, [(0.5, 1.5), (0.5, 1.1), (0.8, 1.2)], atol=0.01)


@pytest.mark.parametrize(
    ("make", "error", "name"),
    [
        (lambda: Zoom(-0.1, 0), ValueError, "max_in_fraction"),
        (lambda: Zoom(0.1, 1), ValueError, "max_out_fraction"),
        (lambda: Zoom((0.8, 1.2), 0), TypeError, "max_in_fraction"),
        (lambda: Zoom(0.1, 0.1, keeps_aspect=1), TypeError, "keeps_aspect"),
    ],
)
def test_bad_arguments(make, error, name):
    with pytest.raises(error, match=rf"Invalid value received for argument `{name}`"):
        make()
