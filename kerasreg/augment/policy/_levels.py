"""The published scales of magnitudes."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kerasreg import _checks
from kerasreg.augment.policy._table import Strength, Table
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import strength

MAX_MAGNITUDE = 10.0
ENHANCEMENTS = ("Brightness", "Color", "Contrast", "Sharpness")
# The search of AutoAugment moved images of 331 pixels by up to 150.
FRACTION = 150 / 331

_SEARCHED = [
    Strength("ShearX", 0, 0.3, True),
    Strength("ShearY", 0, 0.3, True),
    Strength("TranslateX", 0, FRACTION, True),
    Strength("TranslateY", 0, FRACTION, True),
    Strength("Rotate", 0, 30, True),
    *(Strength(name, 1, 0.9, True) for name in ENHANCEMENTS),
    Strength("Posterize", 8, -4),
    Strength("Solarize", 256 / 255, -256 / 255),
    Strength("AutoContrast"),
    Strength("Equalize"),
]
STANDARD = Table([Strength("Identity"), *_SEARCHED])
AUTO = Table([*_SEARCHED, Strength("Invert")])
WIDE = Table(
    [
        Strength("Identity"),
        Strength("ShearX", 0, 0.99, True),
        Strength("ShearY", 0, 0.99, True),
        Strength("TranslateXPixels", 0, 32, True),
        Strength("TranslateYPixels", 0, 32, True),
        Strength("Rotate", 0, 135, True),
        *(Strength(name, 1, 0.99, True) for name in ENHANCEMENTS),
        Strength("Posterize", 8, -6),
        Strength("Solarize", 256 / 255, -256 / 255),
        Strength("AutoContrast"),
        Strength("Equalize"),
    ]
)
# Those that no corruption of the paper's test data resembles.
_MIXED = [
    Strength("AutoContrast"),
    Strength("Equalize"),
    Strength("Posterize", 4, -4),
    Strength("Rotate", 0, 30, True),
    Strength("Solarize", 256 / 255, -256 / 255),
    Strength("ShearX", 0, 0.3, True),
    Strength("ShearY", 0, 0.3, True),
    Strength("TranslateX", 0, 1 / 3, True),
    Strength("TranslateY", 0, 1 / 3, True),
]
CORRUPTION_FREE = Table(_MIXED, tf.math.ceil)
ALL = Table([*_MIXED, *(Strength(name, 0.1, 1.8) for name in ENHANCEMENTS)], tf.math.ceil)


def magnitude(name: str, value: Any, owner: object) -> float:
    """Returns a checked magnitude."""
    return _checks.number(name, value, owner, low=0, high=MAX_MAGNITUDE)


def magnitude_span(name: str, value: Any, owner: object) -> float | tuple[float, float] | Schedule:
    """Returns a magnitude, a `(low, high)` pair of them in order, or a schedule."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return strength(name, value, owner, magnitude)
    low, high = _checks.many(name, value, owner, 2, magnitude)
    if low > high:
        _checks.refuse(name, value, owner, "(low, high) with low not above high")
    return low, high


def by_step(value: Any) -> Any:
    """Returns a strength in a shape that goes with `(images, steps)`."""
    is_by_image = isinstance(value, tf.Tensor) and value.shape.rank == 1
    return value[:, None] if is_by_image else value
