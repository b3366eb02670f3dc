import numpy as np
import pytest

from kerasreg import augment
from kerasreg.augment.policy._published import POLICIES, sub_policies
from kerasreg.augment.policy._table import NAMES


def drawn(operation, count):
    (params,) = augment.Augmenter([operation], seed=3).draw(range(count))
    return {name: value.numpy() for name, value in params.items()}


@pytest.mark.parametrize(
    ("policy", "place", "expected"),
    [
        ("imagenet", 0, [("Posterize", 0.4, 8), ("Rotate", 0.6, 9)]),
        ("imagenet", 12, [("Equalize", 0.0, 0), ("Equalize", 0.8, 0)]),
        ("imagenet", 18, [("ShearX", 0.6, 5), ("Equalize", 1.0, 0)]),
        ("cifar10", 1, [("Rotate", 0.7, 2), ("TranslateX", 0.3, 9)]),
        ("cifar10", 24, [("TranslateY", 0.7, 9), ("AutoContrast", 0.9, 0)]),
        ("svhn", 0, [("ShearX", 0.9, 4), ("Invert", 0.2, 0)]),
        ("svhn", 22, [("ShearX", 0.7, 9), ("TranslateY", 0.8, 3)]),
    ],
)
def test_entries_of_the_papers_tables(policy, place, expected):
    assert sub_policies(policy)[place] == expected


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_has_25_pairs_of_known_operations(policy):
    pairs = sub_policies(policy)
    assert len(pairs) == 25
    for pair in pairs:
        assert len(pair) == 2
        for name, probability, level in pair:
            assert name in NAMES
            assert 0 <= probability <= 1
            assert 0 <= level <= 9


@pytest.mark.parametrize("policy", POLICIES)
def test_operations_are_as_frequent_as_the_table_says(policy):
    n = 25_000
    operation = drawn(augment.AutoAugment(policy), n)["operation"]
    for step in range(2):
        for number, name in enumerate(NAMES[1:], 1):
            shares = [pair[step][1] for pair in sub_policies(policy) if pair[step][0] == name]
            expected = sum(shares) / 25
            found = (operation[:, step] == number).mean()
            assert abs(found - expected) <= 5 * np.sqrt(expected * (1 - expected) / n)


def test_the_amounts_are_those_of_the_levels():
    params = drawn(augment.AutoAugment("svhn"), 5000)
    shears = params["amount"][params["operation"] == NAMES.index("ShearX")]
    levels = np.unique(np.round(np.abs(shears) / 0.3 * 9, 4))
    np.testing.assert_allclose(levels, [2, 4, 6, 9], atol=1e-3)
    inverted = params["operation"] == NAMES.index("Solarize")
    thresholds = np.unique(np.round(params["amount"][inverted] * 255))
    np.testing.assert_allclose(thresholds, np.round(256 - 256 * np.array([8, 6, 3, 2]) / 9))


def test_each_image_has_its_sub_policy():
    images = np.tile(
        np.random.default_rng(0).integers(0, 256, (1, 9, 8, 3), np.uint8), (60, 1, 1, 1)
    )
    own = augment.Augmenter([augment.AutoAugment()], seed=3)
    result = own.apply(images, index=0).numpy()
    assert len(np.unique(result.reshape(60, -1), axis=0)) >= 15


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"policy": "mnist"}, ValueError, "policy"),
        ({"policy": 3}, ValueError, "policy"),
        ({"limits": {1: {"policy": 0}}}, ValueError, "limits"),
    ],
)
def test_bad_arguments(arguments, error, name):
    with pytest.raises(error, match=rf"argument `{name}`.*\(AutoAugment\)"):
        augment.AutoAugment(**arguments)
