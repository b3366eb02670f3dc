import numpy as np
import pytest
import tensorflow as tf

from kerasreg.augment.image._warp import warp
from tests.augment.by_hand import photograph

IDENTITY = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
# Crooked numbers: no pixel is read half-way between two.
MAP = [0.8137, -0.7211, 1.3127, 0.4113, 1.1093, -0.6151]
HOMOGRAPHIES = [
    [0.9131, -0.1371, 0.3127, 0.1129, 1.1093, -0.2151, 0.0113, -0.0317, 1.0],
    [-1.7131, 0.2137, 1.1129, 0.3119, -2.1147, 0.4101, -0.0219, 0.0143, -1.9],
]
FAR_MAP = [-1.7131, 0.2137, 9.1129, 0.3119, -2.1147, 7.4101]
# SciPy's names for what lies outside an image.
MODES = {
    "constant": "grid-constant",
    "reflect": "reflect",
    "wrap": "grid-wrap",
    "nearest": "nearest",
}


def warped(images, maps, fill_mode="constant", fill_value=0.0, interpolation="bilinear", **more):
    return warp(
        tf.constant(images),
        tf.constant(maps, tf.float32),
        fill_mode=fill_mode,
        fill_value=fill_value,
        interpolation=interpolation,
        **more,
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


def read_by_scipy(image, numbers, size, displacement=None, fill_mode="constant", order=1):
    """The same by SciPy in float64 for any map, output size and displacement."""
    ndimage = pytest.importorskip("scipy.ndimage")
    y, x = (np.arange(n, dtype="float64") - (n - 1) / 2 for n in size)
    x, y = np.meshgrid(x, y)
    if displacement is not None:
        x, y = x + displacement[..., 0], y + displacement[..., 1]
    numbers = np.array([*numbers, 0.0, 0.0, 1.0][:9] if len(numbers) == 6 else numbers, "float32")
    matrix = numbers.astype("float64").reshape(3, 3)
    across, down, divisor = np.einsum("ij,jhw->ihw", matrix, np.stack([x, y, np.ones_like(x)]))
    middle = (np.array(image.shape[:2]) - 1) / 2
    places = [down / divisor + middle[0], across / divisor + middle[1]]
    channels = [
        ndimage.map_coordinates(
            channel.astype("float64"), places, order=order, mode=MODES[fill_mode], cval=0.25
        )
        for channel in np.moveaxis(image, -1, 0)
    ]
    return np.stack(channels, axis=-1)


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("fill_mode", MODES)
@pytest.mark.parametrize("size", [(7, 5), (1, 12)])
@pytest.mark.parametrize("displaced", [False, True])
@pytest.mark.parametrize("maps", [[MAP, FAR_MAP], HOMOGRAPHIES], ids=["affine", "projective"])
def test_homographies_sizes_and_displacements(maps, displaced, size, fill_mode, interpolation):
    images = photograph(2, 6, 9, 2) / 255
    field = None
    if displaced:
        field = np.random.default_rng(1).uniform(-2, 2, (2, *size, 2)).astype("float32")
    more = {"output_size": size, "projective": maps is HOMOGRAPHIES, "displacement": field}
    result = warped(images, maps, fill_mode, 0.25, interpolation, **more)
    assert result.shape == (2, *size, 2)
    order = {"bilinear": 1, "nearest": 0}[interpolation]
    for i, ours in enumerate(result):
        displacement = field[i] if displaced else None
        theirs = read_by_scipy(images[i], maps[i], size, displacement, fill_mode, order)
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_homographies_are_given_up_to_a_factor():
    images = photograph(2, 6, 9, 2) / 255
    maps = np.array(HOMOGRAPHIES)
    expected = warped(images, maps, projective=True)
    np.testing.assert_allclose(warped(images, -3.7 * maps, projective=True), expected, atol=1e-5)
    six = np.array([MAP, FAR_MAP])
    nine = np.concatenate([six, [[0, 0, 1]] * 2], axis=1)
    np.testing.assert_array_equal(warped(images, nine, projective=True), warped(images, six))


def test_behind_the_horizon_is_outside():
    images = np.ones((1, 8, 8, 1), "float32")
    # The divisor 1 + x / 2 is positive for x > -2 only: for the columns 2 to 7 of 8.
    horizon = [[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.5, 0.0, 1.0]]
    result = warped(images, horizon, "constant", 9.0, projective=True)[0, 4, :, 0]
    assert (result[:2] == 9).all()
    assert (result[4:] == 1).all()
