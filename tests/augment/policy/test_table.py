import numpy as np
import pytest
import tensorflow as tf

from kerasreg.augment.policy import _levels
from kerasreg.augment.policy._table import NAMES, matrices

WORDS = tf.constant([0, 2**32 - 1], tf.uint32)


def amounts(table, name, level):
    """Returns both signs of the amount of an operation at a level."""
    operation = tf.constant([NAMES.index(name)] * 2)
    return table.amounts(operation, tf.constant([level] * 2, tf.float32), WORDS).numpy()


@pytest.mark.parametrize(
    ("name", "level", "expected"),
    [
        ("Rotate", 0.9, [-27, 27]),
        ("ShearX", 0.9, [-0.27, 0.27]),
        ("ShearY", 0.9, [-0.27, 0.27]),
        ("TranslateX", 1.0, [-150 / 331, 150 / 331]),
        ("Brightness", 1.0, [0.1, 1.9]),
        ("Sharpness", 0.5, [0.55, 1.45]),
        ("Posterize", 0.9, [4, 4]),
        ("Posterize", 0.3, [7, 7]),
        ("Posterize", 0.0, [8, 8]),
        ("Solarize", 0.0, [256 / 255, 256 / 255]),
        ("Solarize", 1.0, [0, 0]),
    ],
)
def test_the_searched_ranges(name, level, expected):
    np.testing.assert_allclose(amounts(_levels.STANDARD, name, level), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Rotate", [-135, 135]),
        ("ShearY", [-0.99, 0.99]),
        ("TranslateYPixels", [-32, 32]),
        ("Color", [0.01, 1.99]),
        ("Posterize", [2, 2]),
    ],
)
def test_the_wide_ranges(name, expected):
    np.testing.assert_allclose(amounts(_levels.WIDE, name, 1.0), expected, atol=1e-6)


def test_the_ranges_of_augmix():
    for level, bits in ((0.01, 4), (0.24, 4), (0.26, 3), (0.5, 2), (1.0, 0)):
        assert amounts(_levels.CORRUPTION_FREE, "Posterize", level)[0] == bits
    np.testing.assert_allclose(amounts(_levels.ALL, "Contrast", 0.9), [1.72, 1.72], atol=1e-6)


def test_every_operation_is_as_likely():
    n = 42_000
    words = np.random.default_rng(0).integers(0, 2**32, n, np.uint64).astype("uint32")
    drawn = _levels.STANDARD.drawn(tf.constant(words)).numpy()
    counts = np.bincount(drawn, minlength=len(NAMES))
    expected = np.array([n / 14 if name in _levels.STANDARD.names else 0 for name in NAMES])
    assert len(_levels.STANDARD.names) == 14
    assert (np.abs(counts - expected) <= 5 * np.sqrt(expected)).all()


@pytest.mark.parametrize(
    ("name", "amount", "before", "after"),
    [
        ("ShearX", 0.5, (0, 0), (0, 0)),
        ("ShearX", 0.5, (3, 4), (5, 4)),
        ("ShearY", -0.5, (4, 3), (4, 1)),
        ("TranslateX", 0.26, (3, 4), (0, 4)),
        ("TranslateX", -0.26, (3, 4), (6, 4)),
        ("TranslateY", 0.26, (3, 4), (3, 2)),
        ("TranslateXPixels", 2.9, (3, 4), (1, 4)),
        ("TranslateYPixels", -2.9, (3, 4), (3, 6)),
        ("Rotate", 90.0, (6, 4), (6, 4)),
        ("Rotate", 90.0, (7, 4), (6, 5)),
        ("Color", 0.5, (3, 4), (3, 4)),
    ],
)
def test_where_pixels_are_read(name, amount, before, after):
    """Positions from the upper left corner of an image of 12 columns and 8 rows."""
    operation, amount = tf.constant([NAMES.index(name)]), tf.constant([amount])
    matrix = matrices(operation, amount, 8, 12)[0].numpy()
    middle = np.array([6, 4])
    found = (matrix @ [*(np.array(before) - middle), 1])[:2] + middle
    np.testing.assert_allclose(found, after, atol=1e-6)
