import random

import numpy as np
import pytest
import tensorflow as tf

from kerasreg import augment
from kerasreg.augment.policy._table import NAMES

IMAGES = np.random.default_rng(0).integers(0, 256, (30, 9, 8, 3), np.uint8)


def augmenter(operation, **options):
    return augment.Augmenter([operation], seed=3, jit_compile=False, **options)


def drawn(own, count=30, **arguments):
    (params,) = own.draw(range(count), **arguments)
    return {name: value.numpy() for name, value in params.items()}


def test_the_formula():
    params = {
        "operation": np.array([[NAMES.index("Invert"), NAMES.index("Brightness")]] * 30, "int32"),
        "amount": np.array([[0, 0.5]] * 30, "float32"),
        "share": np.linspace(0, 1, 30, dtype="float32"),
        "weights": np.array([[0.25, 0.75]] * 30, "float32"),
    }
    own = augmenter(augment.AugMix(width=2, depth=1, all_operations=True))
    # Inverting is none of its operations: that chain leaves the image as it is.
    share = params["share"][:, None, None, None]
    mixture = 0.25 * IMAGES + 0.75 * IMAGES / 2
    expected = share * IMAGES + (1 - share) * mixture
    np.testing.assert_allclose(own.apply(IMAGES, params=[params]), expected, atol=1e-3)


def test_chains_are_applied_to_the_image_each():
    own = augmenter(augment.AugMix())
    params = drawn(own)
    mixture = 0.0
    for i in range(3):
        columns = slice(3 * i, 3 * i + 3)
        one = {
            "operation": params["operation"][:, columns],
            "amount": params["amount"][:, columns],
        }
        chain = augmenter(augment.RandAugment(3)).apply(IMAGES, params=[one]).numpy()
        mixture = mixture + params["weights"][:, i, None, None, None] * chain
    share = params["share"][:, None, None, None]
    expected = share * IMAGES + (1 - share) * mixture
    np.testing.assert_allclose(own.apply(IMAGES, index=0), expected, atol=1e-3)


def test_equal_images_come_out_different_in_a_data_set_and_no_python_number_is_drawn():
    """Operations are not chosen once while the graph is traced."""
    same = np.tile(IMAGES[:1], (30, 1, 1, 1))
    state = random.getstate()
    own = augmenter(augment.AugMix(severity=9))
    dataset = own(tf.data.Dataset.from_tensor_slices(same).batch(10))
    first, second = (np.concatenate(list(dataset.as_numpy_iterator())) for _ in range(2))
    assert random.getstate() == state
    assert len(np.unique(first.reshape(30, -1), axis=0)) == 30
    assert (first != second).any(axis=(1, 2, 3)).all()
    assert len({tuple(each) for each in drawn(own)["operation"]}) == 30


def test_equal_seeds_give_equal_images():
    random.seed(1)
    first = augmenter(augment.AugMix()).apply(IMAGES, index=0)
    random.seed(2)
    np.testing.assert_array_equal(augmenter(augment.AugMix()).apply(IMAGES, index=0), first)


def test_depths_and_weights():
    n = 3000
    params = drawn(augmenter(augment.AugMix()), n)
    depths = (params["operation"].reshape(n, 3, 3) > 0).sum(axis=2)
    for depth in (1, 2, 3):
        assert abs((depths == depth).mean() - 1 / 3) <= 5 * np.sqrt(2 / 9 / (3 * n))
    np.testing.assert_allclose(params["weights"].sum(axis=1), 1, atol=1e-6)
    spread = np.sqrt(1 / 12 / n)
    assert abs(params["share"].mean() - 0.5) <= 5 * spread
    fixed = drawn(augmenter(augment.AugMix(width=2, depth=4)), 20)
    assert fixed["operation"].shape == (20, 8)
    assert (fixed["operation"] > 0).all()


def test_magnitudes_are_drawn_up_to_the_severity():
    params = drawn(augmenter(augment.AugMix(4.0)), 3000)
    degrees = np.abs(params["amount"][params["operation"] == NAMES.index("Rotate")])
    assert 0.3 - 1e-4 <= degrees.min() <= 0.5
    assert 11.5 <= degrees.max() <= 12 + 1e-4


@pytest.mark.parametrize("part", ["mask", "boxes"])
def test_parts_that_an_average_of_images_does_not_have(part):
    value = np.zeros((30, 9, 8, 1)) if part == "mask" else np.zeros((30, 2, 4))
    element = {"image": IMAGES, part: value}
    for operation in (augment.AugMix(), augment.OneOf([augment.AugMix(), augment.Blur(1)])):
        own = augmenter(operation, box_format="xyxy")
        with pytest.raises(ValueError, match=rf"without {part}.*\(AugMix\)"):
            own.apply(element, index=0)


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"severity": 12}, ValueError, "severity"),
        ({"width": 0}, ValueError, "width"),
        ({"depth": 0}, ValueError, "depth"),
        ({"depth": (1, 3)}, TypeError, "depth"),
        ({"alpha": 0}, ValueError, "alpha"),
        ({"all_operations": 1.0}, TypeError, "all_operations"),
    ],
)
def test_bad_arguments(arguments, error, name):
    with pytest.raises(error, match=rf"argument `{name}`.*\(AugMix\)"):
        augment.AugMix(**arguments)
