import numpy as np

from kerasreg.augment import Augmenter, GaussianNoise


def noise(images, index=0, seed=1, **arguments):
    return Augmenter([GaussianNoise(**arguments)], seed=seed).apply(images, index=index).numpy()


def test_noise_is_normal_with_the_given_spread():
    images = np.full((20, 50, 40, 3), 100, "uint8")
    values = noise(images, stddev=12) - 100
    n = values.size
    assert abs(values.mean()) < 5 * 12 / np.sqrt(n)
    assert abs(values.std() - 12) < 5 * 12 / np.sqrt(2 * n)
    kurtosis = ((values / 12) ** 4).mean()
    assert abs(kurtosis - 3) < 5 * np.sqrt(96 / n)
    within = (np.abs(values) < 12).mean()
    assert abs(within - 0.682689) < 5 * np.sqrt(0.6827 * 0.3173 / n)


def test_every_image_pixel_and_channel_has_its_own_noise():
    values = noise(np.zeros((4, 30, 30, 3), "float32"), stddev=1.0)
    n = 30 * 30 * 3
    flat = values.reshape(4, n)
    correlation = np.corrcoef(flat)
    assert np.abs(correlation[~np.eye(4, dtype=bool)]).max() < 5 / np.sqrt(n)
    red, green = values[..., 0].ravel(), values[..., 1].ravel()
    assert abs(np.corrcoef(red, green)[0, 1]) < 5 / np.sqrt(red.size)


def test_a_range_gives_each_image_its_own_strength():
    values = noise(np.zeros((50, 40, 40, 1), "float32"), stddev=(2.0, 6.0))
    spread = values.std(axis=(1, 2, 3))
    # 1,600 values give a standard deviation to within 5 * 1.8 %.
    assert 1.8 < spread.min() < 3
    assert 5 < spread.max() < 6.6


def test_a_strength_of_zero_changes_nothing():
    images = np.arange(48, dtype="float32").reshape(1, 4, 4, 3)
    np.testing.assert_array_equal(noise(images, stddev=0), images)
