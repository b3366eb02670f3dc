import numpy as np
import pytest
import tensorflow as tf

from kerasreg.augment import Augmenter, Crop
from tests.augment.by_hand import by_hand, photograph


def numbered(height, width):
    """Returns an image whose pixels are all different."""
    return np.arange(height * width, dtype="float32").reshape(1, height, width, 1)


def windows(crop, image, count=64, **options):
    return Augmenter([crop], seed=1, jit_compile=False, **options).apply(
        np.repeat(image, count, axis=0), index=0
    )


def test_each_image_of_a_batch_gets_its_own_window():
    crops = windows(Crop(8, 8), numbered(16, 16), 16).numpy()
    assert len({crop.tobytes() for crop in crops}) >= 12
    for crop in crops:
        top, left = divmod(int(crop[0, 0, 0]), 16)
        np.testing.assert_array_equal(crop, numbered(16, 16)[0, top : top + 8, left : left + 8])


def test_every_window_is_as_likely_as_any_other():
    n = 6000
    crops = windows(Crop(3, 5), numbered(5, 6), n).numpy()
    found, counts = np.unique(crops[:, 0, 0, 0], return_counts=True)
    assert found.tolist() == [0, 1, 6, 7, 12, 13]
    assert np.abs(counts - n / 6).max() < 5 * np.sqrt(n * 5 / 36)


def test_padding_lets_windows_reach_outside():
    n = 3000
    crops = windows(Crop(4, 4, padding=2), numbered(4, 4) + 1, n, fill_value=-1).numpy()[..., 0]
    wide = np.pad(numbered(4, 4)[0, ..., 0] + 1, 2, constant_values=-1)
    choices = {wide[i : i + 4, j : j + 4].tobytes(): 0 for i in range(5) for j in range(5)}
    for crop in crops:
        choices[crop.tobytes()] += 1
    assert len(choices) == 25
    assert np.abs(np.array(list(choices.values())) - n / 25).max() < 5 * np.sqrt(n * 24) / 25


@pytest.mark.parametrize("fill_mode", ["constant", "reflect", "wrap", "nearest"])
def test_a_window_larger_than_the_image_holds_it_and_is_filled(fill_mode):
    image = numbered(3, 4) + 1
    crops = windows(Crop(5, 6), image, fill_mode=fill_mode, fill_value=0).numpy()
    pad = {"constant": "constant", "reflect": "symmetric", "wrap": "wrap", "nearest": "edge"}
    wide = np.pad(image[0, ..., 0], 2, mode=pad[fill_mode])
    expected = {wide[i : i + 5, j : j + 6].tobytes() for i in range(3) for j in range(3)}
    assert {crop[..., 0].tobytes() for crop in crops} == expected


@pytest.mark.parametrize("size", [(4, 5), (3, 4), (9, 8), (12, 3)])
def test_outside_of_training_it_is_the_crop_in_the_middle(size):
    image = numbered(7, 8)
    augmenter = Augmenter([Crop(*size, padding=1)], seed=1, fill_value=-1, jit_compile=False)
    dataset = tf.data.Dataset.from_tensor_slices(image).batch(1)
    (result,) = augmenter(dataset, training=False).as_numpy_iterator()
    wide = np.pad(image[0, ..., 0], 8, constant_values=-1)
    top, left = 8 + (7 - size[0]) // 2, 8 + (8 - size[1]) // 2
    expected = wide[top : top + size[0], left : left + size[1]]
    np.testing.assert_array_equal(result[0, ..., 0], expected)
    assert augmenter(dataset, training=False).element_spec.shape.as_list() == [None, *size, 1]


def test_outside_of_training_a_resized_crop_is_the_largest_in_the_middle():
    image = photograph(1, 8, 14, 1)
    augmenter = Augmenter([Crop(4, 4, scale=(0.1, 0.5))], seed=1)
    result = augmenter.apply(image, index=0, training=False)
    means = image[:, :, 3:11].reshape(1, 4, 2, 4, 2, 1).mean(axis=(2, 4))
    np.testing.assert_allclose(result, means, rtol=1e-5)


def resized(images, crop, places, area, ratio):
    count = len(images)
    parameters = {
        "is_centred": np.zeros(count, bool),
        "horizontal_place": np.full(count, places[0], "float32"),
        "vertical_place": np.full(count, places[1], "float32"),
        "area_fraction": np.full(count, area, "float32"),
        "ratio": np.full(count, ratio, "float32"),
    }
    return by_hand([crop], [parameters], images, interpolation="nearest")


def test_a_resized_window_has_its_area_and_ratio():
    images = numbered(8, 24)
    crop = Crop(8, 8, scale=(0.1, 1))
    # 4 x 8 pixels in the lower right corner.
    corner = resized(images, crop, (1, 1), 1 / 6, 2.0)
    np.testing.assert_array_equal(corner, images[:, 4:, 16:].repeat(2, axis=1))
    # 8 x 8 on the left.
    np.testing.assert_array_equal(resized(images, crop, (0, 0), 1 / 3, 1.0), images[:, :, :8])
    # 4 x 24 at the top: the middle one of three pixels is read.
    flat = resized(images, crop, (0.5, 0), 0.5, 6.0)
    np.testing.assert_array_equal(flat, images[:, :4, 1::3].repeat(2, axis=1))


@pytest.mark.parametrize("ratio", [0.001, 1000.0])
def test_a_window_that_does_not_fit_takes_the_nearest_ratio(ratio):
    image = np.ones((1, 6, 10, 1), "float32")
    crop = Crop(5, 5, scale=(0.1, 1))
    # Nothing of what is outside, which would be 0, shows.
    for place in (0.0, 0.5, 1.0):
        assert (resized(image, crop, (place, place), 0.5, ratio) == 1).all()


def test_areas_and_ratios_are_drawn_as_said():
    n = 20_000
    crop = Crop(4, 4, scale=(0.2, 0.8), ratio=(0.5, 2))
    (drawn,) = Augmenter([crop], seed=4).draw(range(n))
    area, logarithm = drawn["area_fraction"].numpy(), np.log2(drawn["ratio"].numpy())
    assert area.min() >= 0.2
    assert area.max() <= 0.8
    assert abs(area.mean() - 0.5) < 5 * 0.6 / np.sqrt(12 * n)
    assert np.abs(logarithm).max() <= 1 + 1e-6
    assert abs(logarithm.mean()) < 5 * 2 / np.sqrt(12 * n)


def test_a_finer_output_shows_nothing_from_outside():
    images = np.full((32, 8, 8, 1), 7, "float32")
    crop = Crop(32, 32, scale=(0.2, 1))
    result = Augmenter([crop], seed=1, fill_value=-100).apply(images, index=0)
    np.testing.assert_allclose(result, 7, atol=1e-3)


def test_a_box_is_the_rectangle_in_the_window():
    random = np.random.default_rng(0)
    images = np.zeros((30, 40, 32, 1), "float32")
    boxes = np.zeros((30, 1, 4), "float32")
    for image, box in zip(images, boxes, strict=True):
        left, top = random.integers(0, 20, 2)
        image[top : top + 9, left : left + 6] = 1
        box[0] = left, top, left + 6, top + 9
    augmenter = Augmenter([Crop(16, 24)], seed=1, box_format="xyxy")
    result = augmenter.apply({"image": images, "boxes": boxes}, index=0)
    seen = 0
    for image, box in zip(result["image"].numpy(), result["boxes"].numpy(), strict=True):
        rows, columns = np.nonzero(image[..., 0])
        if len(rows) == 0:
            assert not box.any()
            continue
        seen += 1
        expected = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_array_equal(box[0], expected)
    assert seen > 15


@pytest.mark.parametrize(
    ("make", "error", "name"),
    [
        (lambda: Crop(0, 8), ValueError, "height"),
        (lambda: Crop(8, 8.5), TypeError, "width"),
        (lambda: Crop(8, 8, padding=-1), ValueError, "padding"),
        (lambda: Crop(8, 8, padding=1, scale=(0.5, 1)), ValueError, "padding"),
        (lambda: Crop(8, 8, scale=0.5), TypeError, "scale"),
        (lambda: Crop(8, 8, scale=(0, 1)), ValueError, "scale"),
        (lambda: Crop(8, 8, scale=(0.5, 1.5)), ValueError, "scale"),
        (lambda: Crop(8, 8, scale=(1, 0.5)), ValueError, "scale"),
        (lambda: Crop(8, 8, ratio=(0, 1)), ValueError, "ratio"),
    ],
)
def test_bad_arguments(make, error, name):
    with pytest.raises(error, match=rf"Invalid value received for argument `{name}`"):
        make()
