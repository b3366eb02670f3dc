"""The photometric operations of the policies beside Pillow's."""

import numpy as np
import pytest
import tensorflow as tf

from kerasreg.augment.policy._pixels import PIXEL_OPERATIONS

Image = pytest.importorskip("PIL.Image")
ImageEnhance = pytest.importorskip("PIL.ImageEnhance")
ImageOps = pytest.importorskip("PIL.ImageOps")

RANDOM = np.random.default_rng(0)
# Of a narrow range and uneven, so that contrast and histogram have something to do.
IMAGES = (40 + 150 * RANDOM.random((3, 9, 7, 3)) ** 2).astype("uint8")


def ours(name, images, amount, value_range=(0.0, 255.0)):
    amounts = tf.fill([len(images)], tf.constant(amount, tf.float32))
    return PIXEL_OPERATIONS[name](tf.constant(images, tf.float32), amounts, value_range).numpy()


def pillows(make):
    return np.stack([np.asarray(make(Image.fromarray(image))) for image in IMAGES])


@pytest.mark.parametrize("factor", [0.1, 0.55, 1.0, 1.9])
@pytest.mark.parametrize("name", ["Brightness", "Color", "Contrast", "Sharpness"])
def test_enhancements(name, factor):
    """Pillow rounds the gray, and cuts what it blends to whole numbers."""
    expected = pillows(lambda image: getattr(ImageEnhance, name)(image).enhance(factor))
    np.testing.assert_allclose(ours(name, IMAGES, factor), expected, atol=2.01)


@pytest.mark.parametrize("bits", [1, 3, 4, 8])
def test_posterize(bits):
    expected = pillows(lambda image: ImageOps.posterize(image, bits))
    np.testing.assert_array_equal(ours("Posterize", IMAGES, bits), expected)


def test_posterizing_to_no_bits_is_black():
    np.testing.assert_array_equal(ours("Posterize", IMAGES, 0), 0)


@pytest.mark.parametrize("threshold", [0, 100, 230, 256])
def test_solarize(threshold):
    expected = pillows(lambda image: ImageOps.solarize(image, threshold))
    np.testing.assert_array_equal(ours("Solarize", IMAGES, threshold / 255), expected)


def test_automatic_contrast():
    """Pillow cuts to whole numbers."""
    expected = pillows(ImageOps.autocontrast)
    np.testing.assert_allclose(ours("AutoContrast", IMAGES, 0), expected, atol=1.01)


def test_invert():
    np.testing.assert_array_equal(ours("Invert", IMAGES, 0), pillows(ImageOps.invert))


@pytest.mark.parametrize("size", [(9, 7), (64, 40)])
def test_equalize(size):
    images = (40 + 150 * RANDOM.random((2, *size, 3)) ** 2).astype("uint8")
    expected = np.stack([np.asarray(ImageOps.equalize(Image.fromarray(each))) for each in images])
    np.testing.assert_array_equal(ours("Equalize", images, 0), expected)


@pytest.mark.parametrize("name", PIXEL_OPERATIONS)
@pytest.mark.parametrize("shape", [(2, 1, 1, 3), (2, 2, 5, 1), (0, 4, 4, 3), (2, 3, 3, 4)])
def test_small_and_constant_images(name, shape):
    images = np.full(shape, 90, "uint8")
    found = ours(name, images, 1.0)
    assert found.shape == shape
    assert np.isfinite(found).all()
    unchanged = ("Brightness", "Color", "Contrast", "Sharpness", "AutoContrast", "Equalize")
    if name in unchanged:
        np.testing.assert_allclose(found, images, atol=1e-4)


@pytest.mark.parametrize("name", PIXEL_OPERATIONS)
def test_another_range_gives_the_same_picture(name):
    amount = 3.0 if name == "Posterize" else 0.4
    expected = ours(name, IMAGES, amount)
    found = ours(name, IMAGES / 127.5 - 1, amount, (-1.0, 1.0))
    # At the edge of a step float32 may fall to the other side.
    is_close = np.isclose((found + 1) * 127.5, expected, atol=0.01)
    assert is_close.mean() > 0.9
    assert found.min() >= -1
    assert found.max() <= 1
