import numpy as np
import pytest

from kerasreg import augment
from tests.augment.by_hand import by_hand

N = 400


def erased(operation, shape=(100, 80)):
    images = np.full((N, *shape, 1), 50, np.uint8)
    found = augment.Augmenter([operation], seed=1).apply(images, index=0).numpy()[..., 0]
    return found, found != 50


def test_one_rectangle_of_the_area_and_the_ratio_asked_for():
    _, inside = erased(augment.RandomErasing((0.1, 0.3), aspect=(0.5, 2), fill=0))
    rows, columns = inside.any(axis=2), inside.any(axis=1)
    np.testing.assert_array_equal(inside, rows[:, :, None] & columns[:, None, :])
    height, width = rows.sum(axis=1), columns.sum(axis=1)
    for sides, mask in ((height, rows), (width, columns)):
        last = mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1)
        np.testing.assert_array_equal(last - mask.argmax(axis=1) + 1, sides)
    area = height * width / (100 * 80)
    assert 0.09 < area.min() < 0.12
    assert 0.27 < area.max() < 0.31
    assert abs(area.mean() - 0.2) <= 5 * 0.2 / np.sqrt(12 * N) + 0.003  # sides are whole pixels
    logs = np.log2(height / width)
    assert -1.1 < logs.min() < -0.8
    assert 0.8 < logs.max() < 1.1
    assert abs(logs.mean()) <= 5 * 2 / np.sqrt(12 * N) + 0.01


@pytest.mark.parametrize("shape", [(100, 80), (60, 180), (180, 60)])
def test_the_area_is_kept_where_the_ratio_does_not_fit(shape):
    area = 0.4
    _, inside = erased(augment.RandomErasing(area, fill=0), shape)
    found = inside.mean(axis=(1, 2))
    # Either side is rounded to whole pixels.
    np.testing.assert_allclose(found, area, atol=0.012)


def test_masks_and_boxes_stay():
    element = {
        "image": np.ones((4, 10, 12, 1), "uint8"),
        "mask": np.arange(480).reshape(4, 10, 12),
        "boxes": np.full((4, 2, 4), 3.0, "float32"),
    }
    operations = [augment.RandomErasing(0.5), augment.Cutout(0.5), augment.GridMask()]
    own = augment.Augmenter(operations, seed=1, box_format="xyxy", jit_compile=False)
    result = own.apply(element, index=0)
    assert (result["image"].numpy() != 1).any()
    np.testing.assert_array_equal(result["mask"], element["mask"])
    np.testing.assert_array_equal(result["boxes"], element["boxes"])


def test_places_are_all_alike():
    images = np.zeros((20_000, 3, 4, 1), "uint8")
    own = augment.Augmenter([augment.RandomErasing(1 / 12, aspect=(1, 1), fill=1)], seed=1)
    counts = own.apply(images, index=0).numpy().mean(axis=0)
    assert np.abs(counts - 1 / 12).max() <= 5 * np.sqrt(1 / 12 * 11 / 12 / len(images))


def test_noise_fills_the_range():
    found, inside = erased(augment.RandomErasing(0.5))
    values = found[inside]
    assert 0 <= values.min() < 0.1
    assert 254.9 < values.max() <= 255
    # A pixel in 2**16 of noise may be 50 by chance, which counts as not erased.
    assert abs(values.mean() - 127.5) <= 5 * 255 / np.sqrt(12 * values.size) + 0.01


def test_an_area_of_all_is_all_and_of_none_is_none():
    images = np.ones((2, 5, 9, 1), "float32")
    parameters = {
        "area": np.array([1.0, 0.0], "float32"),
        "aspect": np.array([5 / 9, 1.0], "float32"),
        "place": np.full((2, 2), 0.7, "float32"),
        "key": np.zeros((2, 2), "uint32"),
    }
    found = by_hand([augment.RandomErasing(1.0, fill=7)], [parameters], images)
    np.testing.assert_array_equal(found[0], 7)
    np.testing.assert_array_equal(found[1], 1)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"area": 1.5}, "area"),
        ({"area": (0.5, 0.1)}, "area"),
        ({"area": "big"}, "area"),
        ({"aspect": (2, 1)}, "aspect"),
        ({"aspect": (0, 1)}, "aspect"),
        ({"aspect": 1}, "aspect"),
        ({"fill": "mean"}, "fill"),
        ({"fill": None}, "fill"),
    ],
)
def test_bad_arguments(arguments, name):
    with pytest.raises((TypeError, ValueError), match=rf"argument `{name}`.*\(RandomErasing\)"):
        augment.RandomErasing(**arguments)
