import numpy as np
import pytest
import tensorflow as tf

from kerasreg import augment
from kerasreg.augment._plan import Plan
from kerasreg.augment._warped import Sampling
from kerasreg.augment.policy._pixels import PIXEL_OPERATIONS
from kerasreg.augment.policy._table import NAMES
from kerasreg.schedules import Linear

IMAGES = np.random.default_rng(0).integers(0, 256, (60, 9, 8, 3), np.uint8)


def augmenter(operation, **options):
    return augment.Augmenter([operation], seed=3, jit_compile=False, **options)


def drawn(own, count=60, **arguments):
    (params,) = own.draw(range(count), **arguments)
    return {name: value.numpy() for name, value in params.items()}


def numbers(*names):
    return [NAMES.index(name) for name in names]


def by_hand(names, amounts, images=IMAGES[:1], **sampling):
    """Returns what operations in this order make of images."""
    params = {
        "operation": np.array([numbers(*names)] * len(images), "int32"),
        "amount": np.array([amounts] * len(images), "float32"),
    }
    own = augmenter(augment.RandAugment(len(names)), **sampling)
    return own.apply(images, params=[params]).numpy()


def test_each_image_draws_its_own_operations():
    own = augmenter(augment.RandAugment(2, 9))
    pairs = {tuple(each) for each in drawn(own)["operation"]}
    assert len(pairs) >= 40


def test_equal_images_come_out_different_and_differently_each_epoch_in_a_data_set():
    """No choice is made while the graph is traced."""
    same = np.tile(IMAGES[:1], (60, 1, 1, 1))
    own = augmenter(augment.RandAugment(2, 9))
    dataset = own(tf.data.Dataset.from_tensor_slices(same).batch(20), num_parallel_calls=2)
    first, second = (np.concatenate(list(dataset.as_numpy_iterator())) for _ in range(2))
    assert len(np.unique(first.reshape(60, -1), axis=0)) >= 40
    assert (first != second).any(axis=(1, 2, 3)).sum() >= 40
    again = augmenter(augment.RandAugment(2, 9))(
        tf.data.Dataset.from_tensor_slices(same).batch(7), epoch=1
    )
    np.testing.assert_allclose(np.concatenate(list(again)), second, atol=1e-3)


def test_all_operations_are_as_likely_at_each_step():
    n = 14_000
    operation = drawn(augmenter(augment.RandAugment(2)), n)["operation"]
    for step in range(2):
        counts = np.bincount(operation[:, step])
        counts = counts[counts > 0]
        assert len(counts) == 14
        assert (np.abs(counts - n / 14) <= 5 * np.sqrt(n / 14)).all()


def test_the_magnitude_nine_turns_by_27_degrees_to_either_side():
    params = drawn(augmenter(augment.RandAugment(1, 9)), 2000)
    turned = params["amount"][params["operation"] == NAMES.index("Rotate")]
    np.testing.assert_allclose(np.unique(turned), [-27, 27], atol=1e-5)
    assert abs((turned > 0).sum() - len(turned) / 2) <= 5 * np.sqrt(len(turned) / 4)


@pytest.mark.parametrize("magnitude", [(2.0, 6.0), Linear(2.0, 6.0, steps=4)])
def test_magnitudes_of_a_range_or_a_schedule(magnitude):
    own = augmenter(augment.RandAugment(1, magnitude))
    params = drawn(own, 4000, epoch=4)
    degrees = np.abs(params["amount"][params["operation"] == NAMES.index("Rotate")])
    low = 6 if isinstance(magnitude, tuple) else 18
    assert degrees.min() >= low - 1e-4
    assert degrees.max() <= 18 + 1e-4
    assert degrees.min() <= low + 0.5


def test_a_limit_holds_for_its_class():
    own = augmenter(augment.RandAugment(1, 9, limits={6: 2}))
    params = drawn(own, 4000, labels=np.arange(4000) % 10)
    is_turned = params["operation"][:, 0] == NAMES.index("Rotate")
    is_six = np.arange(4000) % 10 == 6
    degrees = np.abs(params["amount"][:, 0])
    np.testing.assert_allclose(degrees[is_turned & is_six], 6, atol=1e-4)
    np.testing.assert_allclose(degrees[is_turned & ~is_six], 27, atol=1e-4)


def test_operations_follow_each_other_in_the_order_of_the_image():
    # A threshold of 0 inverts everything.
    dark_first = by_hand(["Brightness", "Solarize"], [0.5, 0.0])
    np.testing.assert_allclose(dark_first, 255 - IMAGES[:1] / 2.0, atol=1e-3)
    dark_last = by_hand(["Solarize", "Brightness"], [0.0, 0.5])
    np.testing.assert_allclose(dark_last, (255.0 - IMAGES[:1]) / 2, atol=1e-3)


def test_moves_that_follow_each_other_are_resampled_once():
    there_and_back = by_hand(["ShearX", "ShearX"], [0.2, -0.2], fill_mode="wrap")
    np.testing.assert_allclose(there_and_back, IMAGES[:1], atol=0.01)
    between = by_hand(["ShearX", "Solarize", "ShearX"], [0.2, 0.0, -0.2], fill_mode="wrap")
    assert np.abs(255 - between - IMAGES[:1]).max() > 5
    three = by_hand(["Rotate", "TranslateX", "Rotate"], [90.0, 0.0, -90.0])
    np.testing.assert_allclose(three, IMAGES[:1], atol=0.01)


def test_a_pixel_operation_sees_the_images_that_drew_it_only(monkeypatch):
    seen = dict.fromkeys(PIXEL_OPERATIONS, 0)

    def counting(name, apply):
        def counted(images, amount, ends):
            seen[name] += int(images.shape[0])
            return apply(images, amount, ends)

        return counted

    for name, apply in PIXEL_OPERATIONS.items():
        monkeypatch.setitem(PIXEL_OPERATIONS, name, counting(name, apply))
    operation = augment.RandAugment(2, 5)
    own = augmenter(operation)
    params = own.draw(range(60))
    Plan([operation], Sampling()).run({"image": tf.constant(IMAGES)}, params, (0.0, 255.0), False)
    chosen = params[0]["operation"].numpy()
    assert seen == {name: int((chosen == NAMES.index(name)).sum()) for name in seen}


def test_masks_and_boxes_go_where_their_image_goes():
    masks = (IMAGES[..., 0] > 128).astype("int32")
    boxes = np.tile(np.array([1, 2, 4, 6], "float32"), (60, 1, 1))
    element = {"image": IMAGES, "mask": masks, "boxes": boxes}
    own = augmenter(augment.RandAugment(1, 9), box_format="xyxy")
    result = own.apply(element, index=0)
    params = drawn(own)
    for name in ("ShearX", "Rotate", "Solarize", "Equalize"):
        rows = params["operation"][:, 0] == NAMES.index(name)
        is_map = name in ("ShearX", "Rotate")
        assert (result["boxes"].numpy()[rows] != boxes[rows]).any() == (is_map and rows.any())
        assert (result["mask"].numpy()[rows] != masks[rows]).any() == (is_map and rows.any())
    rows = params["operation"][:, 0] == NAMES.index("TranslateY")
    assert rows.any()
    for i in np.flatnonzero(rows):
        down = int(params["amount"][i, 0] * 9)
        top, bottom = np.clip([2 + down, 6 + down], 0, 9)
        expected = [1, top, 4, bottom] if bottom > top else [0, 0, 0, 0]
        np.testing.assert_allclose(result["boxes"][i, 0], expected, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"count": 0}, ValueError, "count"),
        ({"count": 1.5}, TypeError, "count"),
        ({"magnitude": 11}, ValueError, "magnitude"),
        ({"magnitude": (5, 4)}, ValueError, "magnitude"),
        ({"magnitude": (1, 2, 3)}, ValueError, "magnitude"),
        ({"magnitude": "9"}, TypeError, "magnitude"),
        ({"magnitude": Linear(0.0, 20.0, steps=5)}, ValueError, "magnitude"),
        ({"probability": 2}, ValueError, "probability"),
    ],
)
def test_bad_arguments(arguments, error, name):
    with pytest.raises(error, match=rf"argument `{name}`.*\(RandAugment\)"):
        augment.RandAugment(**arguments)


def test_the_range_of_float_images_has_to_be_known():
    with pytest.raises(ValueError, match="argument `value_range`"):
        augmenter(augment.RandAugment()).apply(IMAGES / np.float32(255), index=0)
