import numpy as np
import pytest
import tensorflow as tf

from kerasreg import augment
from kerasreg.schedules import Linear

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (40, 5, 4, 3), np.uint8)
CLASSES = RANDOM.integers(0, 7, 40)
VECTORS = np.eye(7, dtype="float32")[CLASSES]


def mixer(operation, **options):
    return augment.Augmenter([operation], seed=3, jit_compile=False, **options)


def drawn(own, count=40, **arguments):
    (params,) = own.draw(range(count), **arguments)
    return {name: value.numpy() for name, value in params.items()}


def spread(share, like):
    return share.astype("float64").reshape([-1] + [1] * (like.ndim - 1))


def averaged(values, partner, share):
    share = spread(share, values)
    return share * values + (1 - share) * values[partner].astype("float64")


def test_the_formula_on_three_examples():
    x = np.array([[1.0, 2.0], [3.0, 6.0], [5.0, 10.0]], "float32").reshape(3, 1, 2, 1)
    params = [{"partner": np.array([1, 2, 0]), "share": np.float32([0.7] * 3)}]
    images, labels = mixer(augment.MixUp()).apply((x, np.eye(3, dtype="float32")), params=params)
    expected = [[1.6, 3.2], [3.6, 7.2], [3.8, 7.6]]
    np.testing.assert_allclose(images[:, 0, :, 0], expected, atol=1e-6)
    expected = [[0.7, 0.3, 0.0], [0.0, 0.7, 0.3], [0.3, 0.0, 0.7]]
    np.testing.assert_allclose(labels, expected, atol=1e-6)


def test_images_and_labels_are_averaged_by_one_share_each():
    own = mixer(augment.MixUp(1.0))
    images, labels = own.apply((IMAGES, VECTORS), index=0)
    params = drawn(own)
    np.testing.assert_allclose(images, averaged(IMAGES, **params), atol=1e-3)
    np.testing.assert_allclose(labels, averaged(VECTORS, **params), atol=1e-6)
    assert len(np.unique(params["share"])) == 40


@pytest.mark.parametrize("count", [2, 3, 7, 40])
def test_partners_are_one_cycle_through_the_batch(count):
    partner = drawn(mixer(augment.MixUp()), count)["partner"]
    place, seen = 0, []
    for _ in range(count):
        seen.append(place)
        place = partner[place]
    assert sorted(seen) == list(range(count))
    assert place == 0
    assert (partner != np.arange(count)).all()


def test_all_partners_are_as_likely():
    own = mixer(augment.MixUp())
    partners = np.array([drawn(own, 5, epoch=epoch)["partner"][0] for epoch in range(500)])
    counts = np.bincount(partners, minlength=5)
    assert counts[0] == 0
    assert (np.abs(counts[1:] - 125) <= 5 * np.sqrt(500 * 0.25 * 0.75)).all()


def test_what_is_drawn_besides_the_partner_hangs_on_the_image_alone():
    own = mixer(augment.MixUp(1.0))
    (whole,), (part,) = own.draw(range(40)), own.draw(range(10, 20))
    np.testing.assert_array_equal(whole["share"][10:20], part["share"])


def test_a_batch_of_one_stays_as_it_is():
    images, labels = mixer(augment.MixUp(1.0)).apply((IMAGES[:1], VECTORS[:1]), index=0)
    np.testing.assert_allclose(images, IMAGES[:1], rtol=1e-6)
    np.testing.assert_allclose(labels, VECTORS[:1], rtol=1e-6)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_batch_filled_up_for_the_compiler_is_not_mixed_with_the_filling(jit_compile):
    """13 images are computed as 14."""
    own = augment.Augmenter([augment.MixUp(1.0)], seed=3, jit_compile=jit_compile)
    dataset = tf.data.Dataset.from_tensor_slices((IMAGES[:13], VECTORS[:13])).batch(13)
    ((images, labels),) = own(dataset, epoch=0)
    params = drawn(own, 13)
    np.testing.assert_allclose(images, averaged(IMAGES[:13], **params), atol=1e-3)
    np.testing.assert_allclose(labels, averaged(VECTORS[:13], **params), atol=1e-6)


@pytest.mark.parametrize("shape", [(40,), (40, 1)])
@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32"])
def test_numbers_of_classes_become_vectors(shape, dtype):
    own = mixer(augment.MixUp(classes=7))
    given = CLASSES.reshape(shape).astype(dtype)
    np.testing.assert_allclose(
        own.apply((IMAGES, given), index=0)[1], averaged(VECTORS, **drawn(own)), atol=1e-6
    )
    outside = own.apply((IMAGES, given), index=0, training=False)
    np.testing.assert_array_equal(outside[0], IMAGES)
    np.testing.assert_array_equal(outside[1], VECTORS)


@pytest.mark.parametrize("shape", [(40,), (40, 1), (40, 3)])
def test_targets_that_are_floats_are_averaged(shape):
    targets = RANDOM.normal(size=shape).astype("float32")
    own = mixer(augment.MixUp(1.0))
    found = own.apply((IMAGES, targets), index=0)[1]
    np.testing.assert_allclose(found, averaged(targets, **drawn(own)), atol=1e-6)


def test_integer_and_boolean_vectors_become_floats():
    for dtype in ("int32", "bool"):
        own = mixer(augment.MixUp(1.0))
        found = own.apply((IMAGES, VECTORS.astype(dtype)), index=0)[1]
        np.testing.assert_allclose(found, averaged(VECTORS, **drawn(own)), atol=1e-6)


def test_labels_that_are_no_class_are_refused_when_they_come():
    with pytest.raises(tf.errors.InvalidArgumentError, match="from 0 to 6"):
        mixer(augment.MixUp(classes=7)).apply((IMAGES, CLASSES + 1), index=0)


def test_masks_keep_their_shape_and_are_mixed_with_the_partners():
    """Not with some rows of the image's own mask."""
    masks = RANDOM.random((40, 5, 4, 1)).astype("float32")
    own = mixer(augment.MixUp(1.0))
    result = own.apply({"image": IMAGES, "mask": masks, "label": VECTORS}, index=0)
    assert result["mask"].shape == masks.shape
    np.testing.assert_allclose(result["mask"], averaged(masks, **drawn(own)), atol=1e-6)


@pytest.mark.parametrize("shape", [(40, 5, 4), (40, 5, 4, 1)])
def test_masks_of_class_numbers_become_vectors(shape):
    masks = RANDOM.integers(0, 3, shape).astype("int32")
    masks[0] = 255
    own = mixer(augment.MixUp(1.0, classes=3))
    dataset = tf.data.Dataset.from_tensors({"image": IMAGES, "mask": masks})
    (result,) = own(dataset, epoch=0)
    vectors = (masks.reshape(40, 5, 4, 1) == np.arange(3)).astype("float32")
    np.testing.assert_allclose(result["mask"], averaged(vectors, **drawn(own)), atol=1e-6)
    assert own(dataset).element_spec["mask"].shape.as_list() == [40, 5, 4, 3]


def test_boxes_and_their_labels_stay_together_in_a_data_set():
    boxes = RANDOM.uniform(0, 2, (4, 2, 4)).astype("float32") + np.array([0, 0, 2, 2], "float32")
    labels = np.arange(8).reshape(4, 2)
    own = mixer(augment.MixUp(1.0), box_format="xyxy")
    dataset = tf.data.Dataset.from_tensor_slices(
        {"image": IMAGES[:4], "boxes": boxes, "label": labels}
    ).batch(4)
    (result,) = own(dataset, epoch=0)
    assert result["boxes"].shape == (4, 4, 4)
    assert result["label"].shape == (4, 4)
    partner = drawn(own, 4)["partner"]
    np.testing.assert_allclose(result["boxes"][:, :2], boxes, atol=1e-6)
    np.testing.assert_allclose(result["boxes"][:, 2:], boxes[partner], atol=1e-6)
    np.testing.assert_array_equal(result["label"][:, :2], labels)
    np.testing.assert_array_equal(result["label"][:, 2:], labels[partner])


def test_images_that_are_not_mixed_get_no_boxes():
    boxes = np.tile(np.array([1, 1, 3, 4], "float32"), (40, 1, 1))
    element = {"image": IMAGES, "boxes": boxes, "label": CLASSES[:, None]}
    own = mixer(augment.MixUp(1.0, probability=0.5), box_format="rel_yxyx")
    result = own.apply({**element, "boxes": boxes / 8}, index=0)["boxes"].numpy()
    is_mixed = drawn(own)["share"] < 1
    np.testing.assert_allclose(result[:, 0], boxes[:, 0] / 8, atol=1e-6)
    np.testing.assert_allclose(result[is_mixed, 1], boxes[is_mixed, 0] / 8, atol=1e-6)
    assert (result[~is_mixed, 1] == 0).all()
    assert 0 < is_mixed.sum() < 40


def test_an_alpha_of_zero_mixes_nothing():
    own = mixer(augment.MixUp(Linear(0.0, 1.0, steps=10)))
    for epoch, is_mixed in ((0, False), (5, True)):
        images, labels = own.apply((IMAGES, VECTORS), index=0, epoch=epoch)
        assert (images.numpy() != IMAGES).any() == is_mixed
        assert (labels.numpy() != VECTORS).any() == is_mixed


def test_a_limit_holds_for_the_images_of_its_class():
    own = mixer(augment.MixUp(1.0, limits={2: 0}))
    images = own.apply((IMAGES, VECTORS), index=0)[0].numpy()
    is_changed = (images != IMAGES).any(axis=(1, 2, 3))
    np.testing.assert_array_equal(is_changed, CLASSES != 2)


@pytest.mark.parametrize(
    ("element", "name"),
    [
        ((IMAGES, CLASSES), "classes"),
        ((IMAGES, CLASSES[:, None]), "classes"),
        ((IMAGES, CLASSES.astype("str")), "labels"),
        ({"image": IMAGES, "mask": CLASSES[:, None, None] + np.zeros((1, 5, 4), int)}, "classes"),
        ({"image": IMAGES, "boxes": np.zeros((40, 2, 4), "f4"), "label": VECTORS}, "labels"),
        ({"image": IMAGES, "boxes": np.zeros((40, 2, 4), "f4")}, "labels"),
        ({"image": IMAGES, "boxes": np.zeros((40, 2, 4), "f4"), "label": CLASSES}, "labels"),
        ({"image": IMAGES}, "dataset"),
        (IMAGES, "dataset"),
    ],
)
def test_elements_that_cannot_be_mixed(element, name):
    own = mixer(augment.MixUp(), box_format="xyxy")
    dataset = tf.data.Dataset.from_tensors(element)
    with pytest.raises(ValueError, match=rf"argument `{name}`.*\(MixUp\)"):
        own(dataset)


def test_single_examples_cannot_be_mixed():
    dataset = tf.data.Dataset.from_tensor_slices((IMAGES, VECTORS))
    with pytest.raises(ValueError, match="argument `dataset`"):
        mixer(augment.MixUp())(dataset)


def test_vectors_of_another_size_than_the_classes():
    with pytest.raises(ValueError, match=r"argument `classes`. Expected 7.*classes=10 \(MixUp\)"):
        mixer(augment.MixUp(classes=10)).apply((IMAGES, VECTORS), index=0)


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"alpha": -0.1}, ValueError, "alpha"),
        ({"alpha": "much"}, TypeError, "alpha"),
        ({"alpha": float("nan")}, ValueError, "alpha"),
        ({"classes": 1}, ValueError, "classes"),
        ({"classes": 2.5}, TypeError, "classes"),
        ({"probability": 1.5}, ValueError, "probability"),
        ({"limits": {3: {"share": 1}}}, ValueError, "limits"),
    ],
)
def test_bad_arguments(arguments, error, name):
    with pytest.raises(error, match=rf"argument `{name}`.*\(MixUp\)"):
        augment.MixUp(**arguments)
