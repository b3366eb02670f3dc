import numpy as np
import pytest
import tensorflow as tf

from kerasreg import augment
from kerasreg.augment.mix._blend import window

RANDOM = np.random.default_rng(0)
CLASSES = RANDOM.integers(0, 7, 40)
VECTORS = np.eye(7, dtype="float32")[CLASSES]


def mixer(operation, **options):
    return augment.Augmenter([operation], seed=3, jit_compile=False, **options)


def numbered(height, width, count=40):
    """Returns images whose pixels say which image they are of."""
    return np.tile(np.arange(count, dtype="uint8")[:, None, None, None], (1, height, width, 1))


def drawn(own, count=40):
    (params,) = own.draw(range(count))
    return {name: value.numpy() for name, value in params.items()}


@pytest.mark.parametrize(
    ("height", "width", "share", "column", "row", "box", "kept"),
    [
        (8, 12, 0.5, 6, 4, [2, 2, 10, 6], 0.6666667),
        (8, 12, 0.5, 1, 7, [0, 5, 5, 8], 0.84375),
        (7, 7, 0.3, 3, 3, [1, 1, 5, 5], 0.6734694),
    ],
)
def test_the_window_of_the_authors_code(height, width, share, column, row, box, kept):
    images = tf.constant(numbered(height, width, 2))
    middle = np.array([[(column + 0.5) / width, (row + 0.5) / height]] * 2)
    found = window(images, tf.constant(middle), tf.constant([share] * 2))
    np.testing.assert_array_equal(found, [box, box])
    params = [{"partner": np.array([1, 0]), "share": np.float32([share] * 2), "middle": middle}]
    images, labels = mixer(augment.CutMix()).apply(
        (images, np.eye(2, dtype="float32")), params=params
    )
    expected = np.zeros((height, width))
    expected[box[1] : box[3], box[0] : box[2]] = 1
    np.testing.assert_array_equal(images[0, ..., 0], expected)
    np.testing.assert_allclose(labels, [[kept, 1 - kept], [1 - kept, kept]], atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(7, 7), (9, 16), (1, 5), (1, 1)])
def test_labels_weigh_what_the_pixels_show(height, width):
    """The share that was drawn is off by a quarter where images are small."""
    own = mixer(augment.CutMix(1.0))
    before = numbered(height, width)
    images, labels = own.apply((before, np.eye(40, dtype="float32")), index=0)
    counts = (images.numpy().reshape(40, -1, 1) == np.arange(40)).mean(axis=1)
    np.testing.assert_allclose(labels, counts, atol=1e-6)
    partner = drawn(own)["partner"]
    assert (counts[np.arange(40), np.arange(40)] + counts[np.arange(40), partner] == 1).all()


def test_each_image_has_a_window_of_its_own():
    own = mixer(augment.CutMix(1.0))
    images = own.apply((numbered(32, 32), VECTORS), index=0)[0].numpy()
    is_own = images[..., 0] == np.arange(40)[:, None, None]
    assert len(np.unique(is_own.reshape(40, -1), axis=0)) >= 38


def test_sizes_that_are_not_known_while_the_graph_is_made():
    images = RANDOM.integers(0, 256, (40, 9, 16, 3), np.uint8)
    signature = tf.TensorSpec([None] * 4, tf.uint8), tf.TensorSpec([None], tf.int64)
    dataset = tf.data.Dataset.from_generator(
        lambda: iter([(images, CLASSES)]), output_signature=signature
    )
    own = mixer(augment.CutMix(classes=7))
    ((found, labels),) = own(dataset, epoch=0)
    expected = own.apply((images, CLASSES), index=0)
    np.testing.assert_array_equal(found, expected[0])
    np.testing.assert_allclose(labels, expected[1], atol=1e-6)
    assert own(dataset).element_spec[1].shape.as_list() == [None, 7]


@pytest.mark.parametrize("shape", [(40, 6, 8), (40, 6, 8, 1)])
@pytest.mark.parametrize("dtype", ["int32", "uint8", "float32", "bool"])
def test_masks_get_the_same_window(shape, dtype):
    """Also where numbers of classes are given for the labels, masks stay what they are."""
    masks = RANDOM.integers(0, 2, shape).astype(dtype)
    own = mixer(augment.CutMix(classes=7))
    element = {"image": numbered(6, 8), "mask": masks, "label": CLASSES}
    result = own.apply(element, index=0)
    taken = result["image"].numpy()[..., 0].astype(int)
    rows, columns = np.arange(6)[:, None], np.arange(8)[None]
    expected = masks[taken, rows, columns]
    assert result["mask"].dtype == dtype
    np.testing.assert_array_equal(result["mask"], expected)


def painted(box, height, width):
    left, top, right, bottom = box.astype(int)
    area = np.zeros((height, width), bool)
    area[top:bottom, left:right] = True
    return area


def around(area):
    rows, columns = np.nonzero(area)
    if len(rows) == 0:
        return [0, 0, 0, 0]
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_boxes_are_the_smallest_around_painted_rectangles():
    height, width = 12, 15
    low = RANDOM.integers(0, 9, (40, 3, 2))
    boxes = np.concatenate([low, low + RANDOM.integers(1, 4, (40, 3, 2))], axis=-1)
    boxes = boxes.astype("float32")
    boxes[:, 2] = 0
    labels = np.arange(120).reshape(40, 3)
    own = mixer(augment.CutMix(1.0), box_format="xyxy")
    element = {"image": numbered(height, width), "boxes": boxes, "label": labels}
    result = {name: value.numpy() for name, value in own.apply(element, index=0).items()}
    partner = drawn(own)["partner"]
    np.testing.assert_array_equal(result["label"], np.concatenate([labels, labels[partner]], 1))
    expected = np.zeros((40, 6, 4))
    for i, image in enumerate(result["image"][..., 0]):
        for j in range(3):
            expected[i, j] = around(painted(boxes[i, j], height, width) & (image == i))
            pasted = painted(boxes[partner[i], j], height, width) & (image != i)
            expected[i, 3 + j] = around(pasted)
    np.testing.assert_allclose(result["boxes"], expected, atol=1e-5)
    assert 0 < (expected[:, 3:5].sum(axis=-1) == 0).sum() < 80
    assert (expected[:, :2] != boxes[:, :2]).any()


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"alpha": -1}, ValueError, "alpha"),
        ({"alpha": None}, TypeError, "alpha"),
        ({"classes": 0}, ValueError, "classes"),
        ({"probability": -0.5}, ValueError, "probability"),
    ],
)
def test_bad_arguments(arguments, error, name):
    with pytest.raises(error, match=rf"argument `{name}`.*\(CutMix\)"):
        augment.CutMix(**arguments)


def test_numbers_of_classes_need_to_know_how_many():
    with pytest.raises(ValueError, match=r"argument `classes`.*\(CutMix\)"):
        mixer(augment.CutMix()).apply((numbered(6, 8), CLASSES), index=0)
