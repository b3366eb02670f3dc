import numpy as np
import pytest
import tensorflow as tf

from kerasreg import augment

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (6, 8, 10, 3), np.uint8)
MASKS = RANDOM.integers(0, 4, (6, 8, 10), np.uint8)
BOXES = np.tile(np.array([[2, 1, 7, 5], [0, 0, 0, 0]], "float32"), (6, 1, 1))


def shifting(**options):
    """Moves by whole pixels at most half of the time, so that what is expected is exact."""
    return augment.Augmenter([augment.Shift(0.4, 0.3)], seed=2, jit_compile=False, **options)


def one(own, element):
    (result,) = own(tf.data.Dataset.from_tensors(element), epoch=0).as_numpy_iterator()
    return result


EXPECTED = shifting().apply(IMAGES, index=0).numpy()


@pytest.mark.parametrize(
    ("element", "parts", "place"),
    [
        ((IMAGES, MASKS), ("image", "mask"), (0, 1)),
        ((MASKS, IMAGES), ("mask", "image"), (1, 0)),
        ((np.arange(6), IMAGES, MASKS), (None, "image", "mask"), (1, 2)),
        ({"image": IMAGES, "mask": MASKS}, None, ("image", "mask")),
        ({"x": IMAGES, "y": MASKS}, {"image": "x", "mask": "y"}, ("x", "y")),
    ],
)
def test_parts_are_found_by_key_and_by_place(element, parts, place):
    result = one(shifting(parts=parts), element)
    np.testing.assert_allclose(result[place[0]], EXPECTED, atol=1e-3)
    mask = result[place[1]]
    assert mask.dtype == np.uint8
    assert (mask != MASKS).any()
    nearest = shifting(interpolation="nearest").apply(MASKS[..., None], index=0).numpy()
    np.testing.assert_array_equal(mask, nearest[..., 0])


def test_a_dict_before_the_label():
    element = ({"image": IMAGES, "mask": MASKS, "name": np.arange(6)}, np.arange(6))
    features, label = one(shifting(), element)
    np.testing.assert_allclose(features["image"], EXPECTED, atol=1e-3)
    assert (features["mask"] != MASKS).any()
    np.testing.assert_array_equal(features["name"], np.arange(6))
    np.testing.assert_array_equal(label, np.arange(6))


def test_masks_outside_have_their_own_value_and_may_have_channels():
    masks = np.stack([MASKS + 1] * 2, axis=-1)
    own = shifting(mask_fill_value=255, fill_value=7)
    result = one(own, {"image": IMAGES, "mask": masks})["mask"]
    assert result.shape == masks.shape
    assert set(np.unique(result)) == {1, 2, 3, 4, 255}
    np.testing.assert_array_equal(result[..., 0], result[..., 1])


def test_single_examples_with_all_parts():
    element = {"image": IMAGES, "mask": MASKS, "boxes": BOXES}
    own = shifting(box_format="xyxy")
    batch = one(own, element)
    singles = list(own(tf.data.Dataset.from_tensor_slices(element), epoch=0).as_numpy_iterator())
    for name, value in batch.items():
        np.testing.assert_allclose(np.stack([each[name] for each in singles]), value, atol=1e-3)


def test_boxes_are_moved_cut_and_dropped_as_their_pixels():
    element = {"image": IMAGES, "boxes": BOXES}
    own = shifting(box_format="xyxy")
    (drawn,) = own.draw(range(6))
    right = drawn["horizontal_fraction"].numpy() * 10
    down = drawn["vertical_fraction"].numpy() * 8
    result = one(own, element)["boxes"]
    moved = BOXES[:, 0] + np.stack([right, down, right, down], axis=1)
    np.testing.assert_allclose(result[:, 0], np.clip(moved, 0, [10, 8, 10, 8]), atol=1e-4)
    np.testing.assert_array_equal(result[:, 1], 0)


@pytest.mark.parametrize(
    ("box_format", "box"),
    [
        ("xyxy", (2, 1, 7, 5)),
        ("yxyx", (1, 2, 5, 7)),
        ("xywh", (2, 1, 5, 4)),
        ("center_xywh", (4.5, 3, 5, 4)),
        ("rel_xyxy", (0.2, 0.125, 0.7, 0.625)),
        ("rel_yxyx", (0.125, 0.2, 0.625, 0.7)),
        ("rel_xywh", (0.2, 0.125, 0.5, 0.5)),
        ("rel_center_xywh", (0.45, 0.375, 0.5, 0.5)),
    ],
)
def test_every_format_of_boxes(box_format, box):
    boxes = np.tile(np.array(box, "float32"), (6, 1, 1))
    own = shifting(box_format=box_format)
    result = one(own, {"image": IMAGES, "boxes": boxes})["boxes"]
    edges = one(shifting(box_format="xyxy"), {"image": IMAGES, "boxes": BOXES})["boxes"][:, 0]
    left, top, right, bottom = edges.T
    if "center" in box_format:
        expected = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]
    elif "xywh" in box_format:
        expected = [left, top, right - left, bottom - top]
    elif "yxyx" in box_format:
        expected = [top, left, bottom, right]
    else:
        expected = [left, top, right, bottom]
    scale = [8, 10, 8, 10] if "yxyx" in box_format else [10, 8, 10, 8]
    expected = np.stack(expected, axis=1) / (scale if "rel" in box_format else 1)
    np.testing.assert_allclose(result[:, 0], expected, atol=1e-4)


@pytest.mark.parametrize(
    ("element", "options", "message"),
    [
        ({"picture": IMAGES}, {}, r"`parts`.*\['picture'\]"),
        ({"image": IMAGES}, {"parts": {"image": "x"}}, r"`parts`.*\['image'\]"),
        ((IMAGES, MASKS), {"parts": ("mask", None)}, "`parts`"),
        ((IMAGES,), {"parts": ("image", "mask")}, "at most 1 parts"),
        ({"image": IMAGES, "boxes": BOXES}, {}, "`box_format`.*as there are boxes"),
    ],
)
def test_elements_without_what_is_needed(element, options, message):
    with pytest.raises(ValueError, match=message):
        shifting(**options)(tf.data.Dataset.from_tensors(element))


def test_params_or_an_index():
    own = shifting()
    for arguments in ({}, {"index": 0, "params": own.draw(range(6))}):
        with pytest.raises(ValueError, match="either `index` or `params`"):
            own.apply(IMAGES, **arguments)
    with pytest.raises(ValueError, match=r"`params`.*1 operations"):
        own.apply(IMAGES, params=[{}, {}])


def test_operations_on_one_kind_of_data():
    class OnTokens(augment.Operation):
        part, rank = "tokens", 1

    with pytest.raises(ValueError, match=r"`operations`.*one kind of data"):
        augment.Augmenter([augment.Rotate(1), OnTokens()], seed=1)
    with pytest.raises(ValueError, match=r"`operations`.*one kind of image"):
        augment.OneOf([augment.Rotate(1), OnTokens()])
