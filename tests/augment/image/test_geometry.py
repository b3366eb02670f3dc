"""Geometric operations as pipelines: images, masks and boxes."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from kerasreg import augment
from kerasreg.augment import Augmenter, Crop, Elastic, Flip, Perspective, Rotate, Shift, Zoom
from kerasreg.augment.image._boxes import BOX_FORMATS
from tests.augment.by_hand import photograph
from tests.augment.image.by_numpy import MODES, composed, of_image, positions

ndimage = pytest.importorskip("scipy.ndimage")

AFFINE = augment.Affine(
    30,
    max_horizontal_fraction=0.1,
    max_vertical_fraction=0.2,
    max_in_fraction=0.3,
    max_out_fraction=0.3,
    max_horizontal_shear_degrees=15,
    max_vertical_shear_degrees=10,
)
PIPELINES = {
    "rotate": [Rotate(180)],
    "shift": [Shift(0.4, 0.3)],
    "zoom": [Zoom(0.5, 0.5, keeps_aspect=False)],
    "shear": [augment.Shear(20, 10)],
    "flip": [Flip()],
    "affine": [AFFINE],
    "perspective": [Perspective(0.4)],
    "crop": [Crop(31, 40)],
    "larger crop": [Crop(70, 45, padding=3)],
    "resized crop": [Crop(40, 37, scale=(0.1, 1), ratio=(0.5, 2))],
    "turned, moved, seen from a side": [Rotate(40), Shift(0.2, 0.2), Perspective(0.3), Flip()],
    "cropped between": [Flip("vertical"), Crop(40, 50), Zoom(0.3, 0.3), augment.Shear(10)],
    "everything": [
        Perspective(0.2),
        Rotate(15),
        Crop(50, 50, scale=(0.4, 1)),
        Flip(),
        Shift(0.1, 0.1),
        augment.Shear(8, 8),
        Zoom(0.2, 0.2),
        AFFINE,
        Crop(44, 47, padding=2),
    ],
}
each_pipeline = pytest.mark.parametrize("name", PIPELINES)


@pytest.fixture(scope="module")
def photographs():
    """Returns six cut-outs of real photographs between 0 and 1, odd and not square."""
    datasets = pytest.importorskip("sklearn.datasets")
    china, flower = datasets.load_sample_images().images
    cut = [image[top : top + 49, 300:363] for image in (china, flower) for top in (50, 150, 250)]
    return np.stack(cut).astype("float32") / 255


@pytest.mark.parametrize(
    ("name", "fill_mode"),
    [*((name, "constant") for name in PIPELINES), *(("everything", mode) for mode in MODES)],
)
def test_a_pipeline_is_one_resampling_in_float64(name, fill_mode, photographs):
    operations = PIPELINES[name]
    options = {"fill_mode": fill_mode, "fill_value": 0.25, "jit_compile": fill_mode == "reflect"}
    augmenter = Augmenter(operations, seed=3, **options)
    result = augmenter.apply(photographs, index=0).numpy()
    drawn = augmenter.draw(range(len(photographs)))
    for i, image in enumerate(photographs):
        matrix, size = composed(operations, of_image(drawn, i), image.shape[:2])
        places = positions(matrix, size, image.shape[:2])
        assert result[i].shape == (*size, 3)
        expected = by_scipy(image, places, fill_mode)
        # Float32 holds a position to a few millionths of a pixel, and neighbours differ by 1.
        np.testing.assert_allclose(result[i], expected, atol=1e-5)


def by_scipy(image, places, fill_mode):
    channels = [
        ndimage.map_coordinates(
            channel.astype("float64"), places, order=1, mode=MODES[fill_mode], cval=0.25
        )
        for channel in np.moveaxis(image, -1, 0)
    ]
    return np.stack(channels, axis=-1)


def painted(images, height, width, count, seed=0):
    """Returns rectangles in masks, a channel for each, and as boxes (left, top, right, bottom)."""
    random, side = np.random.default_rng(seed), np.array([0, 7])
    masks = np.zeros((images, height, width, count), np.uint8)
    boxes = np.zeros((images, count, 4), np.float32)
    for i, k in itertools.product(range(images), range(count)):
        left, right = np.sort(random.choice(width - 7, 2, replace=False)) + side
        top, bottom = np.sort(random.choice(height - 7, 2, replace=False)) + side
        masks[i, top:bottom, left:right, k] = 1
        boxes[i, k] = left, top, right, bottom
    return masks, boxes


def extent(region, steps=1):
    """Returns the box of what is not 0, in pixels of `steps` points."""
    rows, columns = np.nonzero(region)
    if not len(rows):
        return np.zeros(4)
    ends = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    return np.array(ends) / steps


@each_pipeline
def test_masks_and_boxes_follow_their_images(name):
    """Boxes against points eight times as dense as pixels: wedges end thinner than a pixel."""
    masks, boxes = painted(8, 49, 63, 3)
    operations = PIPELINES[name]
    augmenter = Augmenter(operations, seed=5, box_format="xyxy", jit_compile=False)
    batch = {"image": masks.astype("float32"), "mask": masks, "boxes": boxes}
    result = {part: value.numpy() for part, value in augmenter.apply(batch, index=0).items()}
    assert result["mask"].dtype == np.uint8
    drawn = augmenter.draw(range(len(masks)))
    for i in range(len(masks)):
        matrix, size = composed(operations, of_image(drawn, i), masks.shape[1:3])
        rows, columns = positions(matrix, size, masks.shape[1:3])
        rows, columns = np.floor(rows + 0.5), np.floor(columns + 0.5)
        fine = positions(matrix, size, masks.shape[1:3], steps=8) + 0.5
        for k, (left, top, right, bottom) in enumerate(boxes[i]):
            expected = (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)
            # A position half-way between two pixels may fall to either.
            assert np.mean(result["mask"][i, ..., k] != expected) < 0.002
            seen = (fine[0] >= top) & (fine[0] < bottom) & (fine[1] >= left) & (fine[1] < right)
            truth, box = extent(seen, 8), result["boxes"][i, k]
            if not truth.any():
                assert min(box[2:] - box[:2]) < 0.5
            else:
                np.testing.assert_allclose(box, truth, atol=0.5)


@pytest.mark.parametrize(
    "operations",
    [
        [Elastic((0, 34), 4)],
        [Elastic((50, 100), 8)],
        [Elastic(8, 2)],
        [Rotate(20), Elastic(20, 5)],
        [Flip(), Crop(40, 50, padding=4), Elastic(34, 4)],
    ],
    ids=["4", "8", "2", "turned", "cropped"],
)
def test_boxes_and_masks_bend_together(operations):
    masks, boxes = painted(8, 64, 75, 3)
    augmenter = Augmenter(operations, seed=5, box_format="xyxy")
    batch = {"image": masks.astype("float32"), "mask": masks, "boxes": boxes}
    result = {part: value.numpy() for part, value in augmenter.apply(batch, index=0).items()}
    errors = []
    for i, k in itertools.product(range(8), range(3)):
        truth, box = extent(result["mask"][i, ..., k]), result["boxes"][i, k]
        assert (truth.any() and box.any()) or min(box[2:] - box[:2]) < 1
        if truth.any():
            errors.append(np.abs(truth - box).max())
        # What the image shows, the mask marks: bilinear and nearest part at a half.
        clear = np.abs(result["image"][i, ..., k] - 0.5) > 0.49
        shown = result["image"][i, ..., k] > 0.5
        np.testing.assert_array_equal(shown[clear], result["mask"][i, ..., k][clear] == 1)
    assert len(errors) > 15
    assert max(errors) <= 1


def test_a_box_that_is_resampled_twice_holds_what_is_left():
    """The second time it is the box around a bent box, not around what the box was drawn for."""
    masks, boxes = painted(8, 64, 75, 3)
    operations = [Elastic(34, 4), Flip(), Crop(40, 40), Elastic(10, 3)]
    augmenter = Augmenter(operations, seed=5, box_format="xyxy", jit_compile=False)
    batch = {"image": masks, "mask": masks, "boxes": boxes}
    result = {part: value.numpy() for part, value in augmenter.apply(batch, index=0).items()}
    for i, k in itertools.product(range(8), range(3)):
        truth, box = extent(result["mask"][i, ..., k]), result["boxes"][i, k]
        if truth.any():
            assert (box[:2] <= truth[:2] + 1).all()
            assert (box[2:] >= truth[2:] - 1).all()


def as_format(boxes, size, box_format):
    left, top, right, bottom = np.moveaxis(boxes.astype("float64"), -1, 0)
    if box_format.startswith("rel_"):
        left, right, top, bottom = left / size[1], right / size[1], top / size[0], bottom / size[0]
    kind = box_format.removeprefix("rel_")
    written = {
        "xyxy": [left, top, right, bottom],
        "yxyx": [top, left, bottom, right],
        "xywh": [left, top, right - left, bottom - top],
        "center_xywh": [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top],
    }
    return np.stack(written[kind], axis=-1).astype("float32")


@pytest.mark.parametrize("box_format", BOX_FORMATS)
def test_all_box_formats_say_the_same(box_format):
    _, boxes = painted(6, 49, 63, 2)
    images = photograph(6, 49, 63, 1)
    operations = PIPELINES["cropped between"]

    def moved(name, given):
        augmenter = Augmenter(operations, seed=5, box_format=name, jit_compile=False)
        return augmenter.apply({"image": images, "boxes": given}, index=0)["boxes"].numpy()

    expected = as_format(moved("xyxy", boxes), (40, 50), box_format)
    result = moved(box_format, as_format(boxes, (49, 63), box_format))
    np.testing.assert_allclose(result, expected, atol=1e-3)


def test_boxes_of_integers_are_rounded():
    boxes = np.array([[[1, 2, 4, 5]]], np.int32)
    images = photograph(1, 9, 9, 1)
    augmenter = Augmenter([Flip(probability=1)], seed=1, box_format="xyxy")
    result = augmenter.apply({"image": images, "boxes": boxes}, index=0)["boxes"].numpy()
    assert result.tolist() == [[[5, 2, 8, 5]]]
    assert result.dtype == np.int32


def test_what_leaves_the_image_does_not_widen_a_box():
    """A quarter of a square turned by 45 degrees stands above the image: its tip is cut off."""
    augmenter = Augmenter([Rotate(180)], seed=1, box_format="xyxy", jit_compile=False)
    images = photograph(1, 20, 20, 1)
    boxes = np.array([[[0, 0, 20, 20], [10, 0, 20, 10]]], np.float32)
    params = [{"degrees": np.array([45.0], "float32")}]
    result = augmenter.apply({"image": images, "boxes": boxes}, params=params)["boxes"].numpy()
    # Counter-clockwise, the upper right quarter stands on its tip in the middle.
    np.testing.assert_allclose(result[0, 0], [0, 0, 20, 20], atol=1e-4)
    half = 10 / np.sqrt(2)
    np.testing.assert_allclose(result[0, 1], [10 - half, 0, 10 + half, 10], atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9, 3), (8, 1, 1), (5, 4, 2)])
@pytest.mark.parametrize("name", ["everything", "larger crop", "resized crop", "perspective"])
def test_small_images_of_uint8(name, shape):
    images = photograph(3, *shape).astype("uint8")
    mask = images[..., 0]
    operations = [*PIPELINES[name], Elastic(3, 2)]
    augmenter = Augmenter(operations, seed=2, fill_mode="reflect", dtype="uint8", jit_compile=False)
    result = augmenter.apply({"image": images, "mask": mask}, index=0)
    assert result["image"].dtype == tf.uint8
    assert result["image"].shape[:3] == result["mask"].shape
    assert set(np.unique(result["mask"])) <= set(np.unique(mask))
    assert result["image"].numpy().min() >= images.min()
    assert result["image"].numpy().max() <= images.max()


@pytest.mark.parametrize("name", ["everything", "larger crop", "resized crop"])
def test_sizes_unknown_in_a_data_set_change_nothing(name, photographs):
    """Photographs of several sizes one by one, whose size TensorFlow does not know."""
    _, boxes = painted(6, 40, 40, 2)
    sizes = [(49, 63), (40, 51), (45, 45), (49, 40), (49, 63), (41, 42)]
    elements = [
        {"image": image[:h, :w], "boxes": own}
        for image, own, (h, w) in zip(photographs, boxes, sizes, strict=True)
    ]
    operations = [*PIPELINES[name], Elastic(20, 4)]
    augmenter = Augmenter(operations, seed=2, box_format="xyxy", jit_compile=False)
    signature = {
        "image": tf.TensorSpec((None, None, 3), tf.float32),
        "boxes": tf.TensorSpec((None, 4), tf.float32),
    }
    dataset = tf.data.Dataset.from_generator(lambda: iter(elements), output_signature=signature)
    augmented = augmenter(dataset, epoch=0)
    last = operations[-2]
    assert (
        augmented.element_spec["image"].shape.as_list() == [last.height, last.width, 3]
        if (isinstance(last, Crop))
        else True
    )
    for index, (result, element) in enumerate(zip(augmented, elements, strict=True)):
        expected = augmenter.apply(element, index=index)
        np.testing.assert_allclose(result["image"], expected["image"], atol=1e-4)
        np.testing.assert_allclose(result["boxes"], expected["boxes"], atol=1e-3)


def test_an_empty_batch_without_boxes_stays_empty():
    augmenter = Augmenter(
        [*PIPELINES["everything"], Elastic(8, 2)], seed=2, box_format="xyxy", jit_compile=False
    )
    none = {"image": np.zeros((0, 9, 8, 1), "uint8"), "boxes": np.zeros((0, 5, 4), "float32")}
    result = augmenter.apply(none, index=0)
    assert result["image"].shape == (0, 44, 47, 1)
    assert result["boxes"].shape == (0, 5, 4)
    boxless = {"image": np.zeros((2, 9, 8, 1), "uint8"), "boxes": np.zeros((2, 0, 4), "float32")}
    assert augmenter.apply(boxless, index=0)["boxes"].shape == (2, 0, 4)


def test_groups_hold_perspectives_and_distortions():
    images = photograph(16, 12, 13, 1)
    group = augment.OneOf([Rotate(20), Perspective(0.5), Elastic(8, 2), Flip(probability=1)])
    augmenter = Augmenter([group], seed=2, fill_mode="nearest")
    result, drawn = augmenter.apply(images, index=0).numpy(), augmenter.draw(range(16))
    chosen = drawn[0]["is_applied"].numpy()
    assert chosen.any(axis=0).all()
    mirrored = chosen[:, 3]
    np.testing.assert_array_equal(result[mirrored], images[mirrored][:, :, ::-1])
    alone = Augmenter([Perspective(0.5)], seed=2, fill_mode="nearest")
    params = [{name: value[chosen[:, 1]] for name, value in drawn[0]["operations"][1].items()}]
    expected = alone.apply(images[chosen[:, 1]], params=params)
    np.testing.assert_allclose(result[chosen[:, 1]], expected, atol=1e-3)


@pytest.fixture(scope="module")
def whole_photographs():
    datasets = pytest.importorskip("sklearn.datasets")
    return np.stack(datasets.load_sample_images().images)


@pytest.mark.parametrize("name", ["everything", "perspective", "affine", "resized crop"])
def test_whole_photographs_agree_with_scipy(name, whole_photographs):
    augmenter = Augmenter(PIPELINES[name], seed=3, fill_value=0.25, jit_compile=False)
    result = augmenter.apply(whole_photographs, index=0).numpy()
    drawn = augmenter.draw(range(2))
    for i, image in enumerate(whole_photographs):
        matrix, size = composed(PIPELINES[name], of_image(drawn, i), image.shape[:2])
        expected = by_scipy(image, positions(matrix, size, image.shape[:2]), "constant")
        # Positions up to 320 pixels from the centre in float32, steps of up to 255 in the values.
        np.testing.assert_allclose(result[i], expected, atol=0.05)


def agrees(result, white, theirs):
    """Asserts that images agree but for Pillow's rounding and where they blend with the outside."""
    inside = white.min(axis=-1) > 254.9
    assert np.mean(inside) > 0.3
    difference = np.abs(result - np.asarray(theirs, "f4"))[inside]
    assert np.mean(difference) < 0.5
    assert np.quantile(difference, 0.999) < 3


def test_whole_photographs_agree_with_pillow(whole_photographs):
    pillow = pytest.importorskip("PIL.Image")
    bilinear = pillow.Resampling.BILINEAR
    for image in whole_photographs:
        picture, height, width = pillow.fromarray(image), *image.shape[:2]

        def made(operation, picture=image, **parameters):
            augmenter = Augmenter([operation], seed=1, jit_compile=False)
            given = {name: np.stack([value] * 2) for name, value in parameters.items()}
            both = np.stack([picture, np.full_like(picture, 255)])
            return augmenter.apply(both, params=[given]).numpy()

        turned = made(Rotate(180), degrees=np.float32(23))
        agrees(*turned, picture.rotate(23, bilinear))
        inward = np.array([0.1, 0.3, 0.2, 0.05], "float32")
        seen = made(Perspective(0.5), horizontal_fractions=inward, vertical_fractions=inward[::-1])
        matrix, _ = composed(
            [Perspective(0.5)],
            [{"horizontal_fractions": inward, "vertical_fractions": inward[::-1]}],
            (height, width),
        )
        # Pillow counts from the upper left corner of the image.
        corner = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1]])
        from_corner = corner @ matrix @ np.linalg.inv(corner)
        numbers = (from_corner / from_corner[2, 2]).ravel()[:8]
        kind = pillow.Transform.PERSPECTIVE
        theirs = picture.transform((width, height), kind, numbers, bilinear)
        agrees(*seen, theirs)
        window = {
            "is_centred": False,
            "horizontal_place": np.float32(0.25),
            "vertical_place": np.float32(0.5),
            "area_fraction": np.float32(0.1),
            "ratio": np.float32(1.0),
        }
        crop = Crop(400, 400, scale=(0.1, 1))
        side = np.sqrt(0.1 * height * width)
        left, top = (width - side) * 0.25, (height - side) * 0.5
        box = (left, top, left + side, top + side)
        theirs = picture.resize((400, 400), bilinear, box)
        agrees(*made(crop, **window), theirs)


@pytest.mark.parametrize(
    "operation",
    [Elastic(34, 4), Crop(24, 22, scale=(0.3, 1)), Perspective(0.3)],
    ids=["elastic", "crop", "perspective"],
)
def test_the_size_of_the_batch_changes_no_bit(operation):
    images = photograph(16, 28, 26, 1)
    augmenter, dataset = Augmenter([operation], seed=1), tf.data.Dataset.from_tensor_slices(images)
    whole, parts = (
        np.concatenate(list(augmenter(dataset.batch(size), epoch=0).as_numpy_iterator()))
        for size in (16, 3)
    )
    np.testing.assert_array_equal(whole, parts)
