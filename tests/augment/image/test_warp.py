import numpy as np
import pytest
import tensorflow as tf

from kerasreg.augment.image._warp import warp
from tests.augment.by_hand import photograph

IDENTITY = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
# Crooked numbers: no pixel is read half-way between two.
MAP = [0.8137, -0.7211, 1.3127, 0.4113, 1.1093, -0.6151]
FAR_MAP = [-1.7131, 0.2137, 9.1129, 0.3119, -2.1147, 7.4101]
# SciPy's names for what lies outside an image.
MODES = {
    "constant": "grid-constant",
    "reflect": "reflect",
    "wrap": "grid-wrap",
    "nearest": "nearest",
}


def warped(images, maps, fill_mode="constant", fill_value=0.0, interpolation="bilinear"):
    return warp(
        tf.constant(images),
        tf.constant(maps, tf.float32),
        fill_mode=fill_mode,
        fill_value=fill_value,
        interpolation=interpolation,
    ).numpy()


def resampled(image, numbers, fill_mode, fill_value, order):
    """The same by SciPy in float64, one channel at a time; it counts from the corner, y first."""
    ndimage = pytest.importorskip("scipy.ndimage")
    xx, xy, x0, yx, yy, y0 = np.array(numbers, "float64")
    matrix = np.array([[yy, yx], [xy, xx]])
    middle = (np.array(image.shape[:2]) - 1) / 2
    offset = np.array([y0, x0]) + middle - matrix @ middle
    return np.stack(
        [
            ndimage.affine_transform(
                channel.astype("float64"),
                matrix,
                offset,
                order=order,
                mode=MODES[fill_mode],
                cval=fill_value,
            )
            for channel in np.moveaxis(image, -1, 0)
        ],
        axis=-1,
    )


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("fill_mode", MODES)
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 5, 2), (4, 1, 1), (6, 9, 3), (8, 8, 1)])
def test_each_image_follows_its_own_map(shape, fill_mode, interpolation):
    images = photograph(3, *shape) / 255
    maps = np.array([IDENTITY, MAP, FAR_MAP], "float32")
    order = {"bilinear": 1, "nearest": 0}[interpolation]
    result = warped(images, maps, fill_mode, 0.25, interpolation)
    for image, numbers, ours in zip(images, maps, result, strict=True):
        theirs = resampled(image, numbers, fill_mode, 0.25, order)
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("fill_mode", MODES)
def test_the_identity_changes_nothing(fill_mode):
    images = photograph(2, 5, 8, 3)
    np.testing.assert_array_equal(warped(images, [IDENTITY] * 2, fill_mode, 7.0), images)


def test_far_outside_is_the_fill_value():
    images = photograph(1, 4, 4, 1)
    far = [[1.0, 0.0, 1e12, 0.0, 1.0, 0.0]]
    assert (warped(images, far, "constant", 3.0) == 3).all()
    np.testing.assert_array_equal(
        warped(images, far, "nearest"), np.broadcast_to(images[:, :, -1:], (1, 4, 4, 1))
    )


def test_integers_are_read_as_numbers():
    images = photograph(2, 4, 5, 1).astype("uint8")
    result = warped(images, [IDENTITY] * 2)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, images)
