import numpy as np
import pytest

from kerasreg.augment import Augmenter, PixelDropout


def dropped(images, **arguments):
    return Augmenter([PixelDropout(**arguments)], seed=2).apply(images, index=0).numpy()


@pytest.mark.parametrize("rate", [0.02, 0.3])
def test_the_share_of_lost_pixels_is_the_rate(rate):
    images = np.full((20, 50, 40, 1), 7, "uint8")
    lost = dropped(images, rate=rate) == 0
    n = lost.size
    assert abs(lost.mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / n)
    by_image = lost.mean(axis=(1, 2, 3))
    assert np.abs(by_image - rate).max() < 5 * np.sqrt(rate * (1 - rate) / 2000)
    assert not np.array_equal(lost[0], lost[1])


def test_a_pixel_is_lost_with_all_its_channels_and_the_rest_stays():
    images = np.random.default_rng(0).integers(10, 256, (3, 12, 9, 3)).astype("uint8")
    result = dropped(images, rate=0.5, fill_value=-1.0)
    lost = (result == -1).any(axis=-1)
    np.testing.assert_array_equal(result, np.where(lost[..., None], -1.0, images))
    assert 0 < lost.sum() < lost.size


def test_rates_of_zero_and_one():
    images = np.full((2, 6, 5, 3), 7, "uint8")
    assert (dropped(images, rate=0) == 7).all()
    assert (dropped(images, rate=1) == 0).all()
