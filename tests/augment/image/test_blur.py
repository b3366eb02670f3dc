import numpy as np
import pytest

from kerasreg.augment import Augmenter, Blur
from tests.augment.by_hand import by_hand, photograph


def convolved(image, sigma, radius):
    """A separable Gaussian in float64, on an image continued by its mirror image."""
    if sigma == 0:
        return image
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    taps /= taps.sum()
    result = image.astype("float64")
    for axis in (0, 1):
        width = [(radius, radius) if i == axis else (0, 0) for i in range(3)]
        padded = np.pad(result, width, mode="symmetric")
        result = np.apply_along_axis(np.convolve, axis, padded, taps, mode="valid")
    return result


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 1), (11, 6, 3)])
def test_each_image_is_convolved_with_its_own_gaussian(shape):
    images = photograph(4, *shape)
    sigmas = np.array([0.0, 0.4, 1.0, 2.0], "float32")
    result = by_hand([Blur((0, 2))], [{"sigma_pixels": sigmas}], images)
    for ours, image, sigma in zip(result, images, sigmas, strict=True):
        np.testing.assert_allclose(ours, convolved(image, float(sigma), 6), rtol=1e-5, atol=1e-3)


def test_a_sigma_of_zero_is_exactly_the_image():
    images = photograph(2, 5, 4, 3)
    result = by_hand([Blur((0, 1))], [{"sigma_pixels": np.zeros(2, "float32")}], images)
    np.testing.assert_array_equal(result, images)
    np.testing.assert_array_equal(Augmenter([Blur(0)], seed=1).apply(images, index=0), images)


def test_a_tiny_sigma_is_finite():
    images = photograph(1, 5, 4, 3)
    sigma = np.array([1e-30], "float32")
    result = by_hand([Blur((0, 1))], [{"sigma_pixels": sigma}], images)
    np.testing.assert_allclose(result, images, atol=1e-3)


def test_apply_is_all_passes_and_uniform_images_stay():
    import tensorflow as tf

    images = tf.fill([2, 6, 7, 1], 9.0)
    blurred = Blur(1.5).apply(images, {"sigma_pixels": tf.constant([1.5, 0.7])}, None)
    np.testing.assert_allclose(blurred, images, rtol=1e-6)
    sigma = {"sigma_pixels": tf.constant([1.5])}
    assert Blur(1.5).apply(tf.zeros([1, 6, 7, 1]), sigma, None).shape == (1, 6, 7, 1)


def test_widths_are_drawn_for_each_image():
    n = 20_000
    (drawn,) = Augmenter([Blur((0.5, 1.5))], seed=4).draw(range(n))
    sigma = drawn["sigma_pixels"].numpy()
    assert 0.5 <= sigma.min() < 0.51
    assert 1.49 < sigma.max() <= 1.5
    assert abs(sigma.mean() - 1) < 5 * 0.5 / np.sqrt(3 * n)
    (fixed,) = Augmenter([Blur(0.75)], seed=4).draw(range(3))
    assert fixed["sigma_pixels"].numpy().tolist() == [0.75] * 3
