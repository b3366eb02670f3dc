import numpy as np
import pytest
import tensorflow as tf

from kerasreg.augment import Augmenter, Elastic
from tests.augment.by_hand import by_hand, photograph


def fields(alpha, sigma, height, width, count, seed=4):
    (drawn,) = Augmenter([Elastic(alpha, sigma)], seed=seed).draw(range(count))
    return (
        Elastic(alpha, sigma).displacement(drawn, tf.constant(height), tf.constant(width)).numpy()
    )


@pytest.mark.parametrize("sigma", [0.7, 1.0, 1.9, 4.0, 5.5])
def test_displacements_vary_as_in_the_paper(sigma):
    """Variance and correlation of noise on [-1, 1] convolved with a Gaussian, of every pixel."""
    ndimage = pytest.importorskip("scipy.ndimage")
    found = fields(10.0, sigma, 12, 15, 2000)
    assert found.shape == (2000, 12, 15, 2)
    spike = np.zeros(121)
    spike[60] = 1
    along = ndimage.gaussian_filter1d(spike, sigma, truncate=8)
    variance = 100 / 3 * np.sum(along**2) ** 2
    # Five standard errors of a variance, for all pixels together the strictest of them all.
    error = 5 * np.sqrt(2 / 2000)
    pixels = np.mean(found.astype("float64") ** 2, axis=0)
    np.testing.assert_allclose(pixels, variance, rtol=1.2 * error)
    assert np.abs(found.mean(axis=0)).max() < 5.5 * np.sqrt(variance / 2000)
    for distance in (1, 3, 6):
        expected = np.sum(along[distance:] * along[:-distance]) / np.sum(along**2)
        for products in (
            found[:, distance:] * found[:, :-distance],
            found[:, :, distance:] * found[:, :, :-distance],
        ):
            assert abs(products.mean() / variance - expected) < 5 / np.sqrt(2000)


def test_directions_and_images_have_their_own_fields():
    found = fields(10.0, 2.0, 9, 9, 500)
    right, down = found[..., 0].ravel(), found[..., 1].ravel()
    # 500 fields of about (9 / (2 * 2)) ** 2 = 5 independent places.
    assert abs(np.corrcoef(right, down)[0, 1]) < 5 / np.sqrt(500)
    assert abs(np.corrcoef(found[1:].ravel(), found[:-1].ravel())[0, 1]) < 5 / np.sqrt(500)


def test_alpha_is_a_factor_and_zero_leaves_the_image():
    images = photograph(2, 9, 8, 1)
    key = np.array([[1, 2], [3, 4]], np.uint32)
    strong, weak = (
        Elastic(9, 2).displacement(
            {"alpha": tf.constant([alpha] * 2), "key": tf.constant(key)},
            tf.constant(9),
            tf.constant(8),
        )
        for alpha in (9.0, 3.0)
    )
    np.testing.assert_allclose(strong, 3 * weak, atol=1e-6)
    none = {"alpha": np.zeros(2, "float32"), "key": key}
    np.testing.assert_array_equal(by_hand([Elastic(9, 2)], [none], images), images)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_pixels_are_read_where_the_field_points(jit_compile):
    ndimage = pytest.importorskip("scipy.ndimage")
    images = photograph(3, 17, 22, 2) / 255
    parameters = {
        "alpha": np.array([34, 0, 20], "float32"),
        "key": np.arange(6, dtype="uint32").reshape(3, 2),
    }
    result = by_hand([Elastic(34, 4)], [parameters], images, jit_compile=jit_compile)
    drawn = tf.nest.map_structure(tf.constant, parameters)
    field = Elastic(34, 4).displacement(drawn, tf.constant(17), tf.constant(22)).numpy()
    for i, image in enumerate(images):
        rows, columns = np.indices((17, 22))
        places = [rows + field[i, ..., 1].astype("f8"), columns + field[i, ..., 0].astype("f8")]
        for channel in range(2):
            expected = ndimage.map_coordinates(
                image[..., channel].astype("f8"), places, order=1, mode="grid-constant"
            )
            np.testing.assert_allclose(result[i, ..., channel], expected, atol=1e-5)


def test_a_range_of_alpha_is_drawn_for_each_image():
    (drawn,) = Augmenter([Elastic((10, 30), 4)], seed=1).draw(range(1000))
    alpha = drawn["alpha"].numpy()
    assert 10 <= alpha.min() < 10.2
    assert 29.8 < alpha.max() <= 30


@pytest.mark.parametrize(
    ("make", "error", "name"),
    [
        (lambda: Elastic(-1, 4), ValueError, "alpha"),
        (lambda: Elastic((3, 1), 4), ValueError, "alpha"),
        (lambda: Elastic(34, 0), ValueError, "sigma_pixels"),
        (lambda: Elastic(34, (2, 4)), TypeError, "sigma_pixels"),
    ],
)
def test_bad_arguments(make, error, name):
    with pytest.raises(error, match=rf"Invalid value received for argument `{name}`"):
        make()
