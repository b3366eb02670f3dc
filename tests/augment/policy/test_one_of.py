import numpy as np
import pytest
import tensorflow as tf

from kerasreg import augment
from kerasreg.augment.operation import PIXELWISE

N = 20_000
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 6, 3), np.uint8)


class Add(augment.Operation):
    """Adds a number, and notes how many images it has seen."""

    kind = PIXELWISE

    def __init__(self, number, seen=None, **arguments):
        super().__init__(**arguments)
        self.number, self.seen = number, [] if seen is None else seen

    def draw(self, words, strengths):
        return {}

    def apply(self, images, parameters, value_range):
        tf.py_function(lambda count: self.seen.append(int(count)), [tf.shape(images)[0]], [])
        return images + self.number


def applied(group, count=N):
    (drawn,) = augment.Augmenter([group], seed=2).draw(range(count))
    return drawn["is_applied"].numpy()


@pytest.mark.parametrize("weights", [None, (1.0, 2.0, 5.0), (0, 1, 0)])
def test_each_example_has_one_by_its_weight(weights):
    chosen = applied(augment.OneOf([Add(1), Add(2), Add(3)], weights=weights))
    np.testing.assert_array_equal(chosen.sum(axis=1), 1)
    expected = np.ones(3) / 3 if weights is None else np.array(weights) / sum(weights)
    bound = 5 * np.sqrt(expected * (1 - expected) / N)
    assert (np.abs(chosen.mean(axis=0) - expected) <= bound).all()


def test_only_what_was_drawn_is_computed():
    operations = [Add(1.0), Add(10.0), Add(100.0)]
    own = augment.Augmenter([augment.OneOf(operations, probability=0.7)], seed=2)
    added = own.apply(IMAGES, index=0).numpy() - IMAGES
    assert len(np.unique(added)) == 4
    np.testing.assert_array_equal(added.min(axis=(1, 2, 3)), added.max(axis=(1, 2, 3)))
    counts = [int((added[:, 0, 0, 0] == each.number).sum()) for each in operations]
    assert [sum(each.seen) for each in operations] == counts
    assert sum(counts) < len(IMAGES)


def test_an_image_is_what_its_operation_makes_of_it():
    operations = [augment.Rotate(40), augment.Blur(1.5), augment.Shift(0.3, 0.3)]
    group = augment.OneOf(operations)
    own = augment.Augmenter([group], seed=2, jit_compile=False)
    (drawn,) = own.draw(range(len(IMAGES)))
    result = own.apply(IMAGES, index=0).numpy()
    assert (drawn["is_applied"].numpy().sum(axis=0) > 0).all()
    for i, each in enumerate(operations):
        rows = drawn["is_applied"].numpy()[:, i]
        alone = augment.Augmenter([each], seed=0, jit_compile=False)
        expected = alone.apply(IMAGES, params=[drawn["operations"][i]]).numpy()
        np.testing.assert_allclose(result[rows], expected[rows], atol=1e-3)


def test_geometric_operations_are_resampled_once_with_their_neighbours():
    group = augment.OneOf([augment.Rotate(40), augment.Shift(0.3, 0.3)])
    assert group.kind == "geometric"
    own = augment.Augmenter([augment.Rotate(20), group], seed=2, jit_compile=False)
    params = own.draw(range(len(IMAGES)))
    result = own.apply(IMAGES, params=params).numpy()
    for i, each in enumerate(group.operations):
        rows = params[1]["is_applied"].numpy()[:, i]
        pair = augment.Augmenter([augment.Rotate(20), each], seed=0, jit_compile=False)
        expected = pair.apply(IMAGES, params=[params[0], params[1]["operations"][i]]).numpy()
        np.testing.assert_allclose(result[rows], expected[rows], atol=1e-3)


def test_masks_and_boxes_go_where_their_image_goes():
    masks = (IMAGES[..., 0] > 128).astype("int32")
    boxes = np.tile(np.array([1, 2, 4, 6], "float32"), (len(IMAGES), 1, 1))
    element = {"image": IMAGES, "mask": masks, "boxes": boxes}
    group = augment.OneOf([augment.Rotate(40), augment.Blur(1)])
    own = augment.Augmenter([group], seed=2, box_format="xyxy", jit_compile=False)
    result = own.apply(element, index=0)
    (drawn,) = own.draw(range(len(IMAGES)))
    turned = drawn["is_applied"].numpy()[:, 0]
    np.testing.assert_array_equal(result["mask"].numpy()[~turned], masks[~turned])
    np.testing.assert_array_equal(result["boxes"].numpy()[~turned], boxes[~turned])
    alone = augment.Augmenter([augment.Rotate(40)], seed=0, box_format="xyxy", jit_compile=False)
    expected = alone.apply(element, params=[drawn["operations"][0]])
    for part in ("mask", "boxes"):
        np.testing.assert_allclose(result[part][turned], expected[part][turned], atol=1e-4)
    assert (result["mask"].numpy() != masks).any()


def test_groups_within_groups():
    inner = augment.OneOf([augment.Rotate(40), augment.PixelDropout(0.5)], probability=0.5)
    outer = augment.OneOf([augment.Sequence([inner, Add(1.0)]), Add(100.0)])
    own = augment.Augmenter([outer], seed=2, jit_compile=False)
    (drawn,) = own.draw(range(len(IMAGES)))
    added = own.apply(IMAGES, index=0).numpy() - IMAGES
    first = drawn["is_applied"].numpy()[:, 0]
    np.testing.assert_array_equal(added[~first], 100)
    still = first & ~drawn["operations"][0]["operations"][0]["is_applied"].numpy().any(axis=1)
    np.testing.assert_array_equal(added[still], 1)
    assert still.any()
    assert (added[first & ~still] != 1).any()


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"operations": []}, ValueError, "operations"),
        ({"operations": augment.Blur(1)}, TypeError, "operations"),
        ({"operations": ["Blur"]}, TypeError, "operations"),
        ({"weights": (1,)}, ValueError, "weights"),
        ({"weights": (0, 0)}, ValueError, "weights"),
        ({"weights": (1, -1)}, ValueError, "weights"),
        ({"weights": 1}, TypeError, "weights"),
        ({"probability": 1.5}, ValueError, "probability"),
        ({"limits": {"a": {"weights": 1}}}, ValueError, "limits"),
    ],
)
def test_bad_arguments(arguments, error, name):
    with pytest.raises(error, match=rf"argument `{name}`.*\(OneOf\)"):
        augment.OneOf(**{"operations": [augment.Blur(1), augment.Rotate(3)], **arguments})
