"""The operations of the published policies, by name, and how strong they are."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from kerasreg.augment import _draws
from kerasreg.augment.image import _affine

NAMES = (
    "Identity",
    "ShearX",
    "ShearY",
    "TranslateX",
    "TranslateY",
    "TranslateXPixels",
    "TranslateYPixels",
    "Rotate",
    "Brightness",
    "Color",
    "Contrast",
    "Sharpness",
    "Posterize",
    "Solarize",
    "AutoContrast",
    "Equalize",
    "Invert",
)
MAPS = NAMES[1:8]
PIXELS = NAMES[8:]


class Strength(NamedTuple):
    """An operation's amount at the levels from 0 to 1: `start + level * step`.

    Shears are slopes; translations fractions of the size, or pixels; rotations degrees;
    enhancements factors; a posterization bits; a solarization a threshold within the range.
    """

    name: str
    start: float = 0.0
    step: float = 0.0
    is_signed: bool = False
    """Whether the step is turned round for half of the images."""


class Table:
    """Operations with their strengths.

    Args:
        strengths: The operations.
        rounding: How bits are made whole.
    """

    def __init__(
        self,
        strengths: Sequence[Strength],
        rounding: Callable[[tf.Tensor], tf.Tensor] = tf.round,
    ):
        self.names = [each.name for each in strengths]
        self._numbers = [NAMES.index(each) for each in self.names]
        self._rounding = rounding
        rows = {each.name: each for each in strengths}
        every = [rows.get(name, Strength(name)) for name in NAMES]
        self._starts = [each.start for each in every]
        self._steps = [each.step for each in every]
        self._signed = [each.is_signed for each in every]

    def drawn(self, words: tf.Tensor) -> tf.Tensor:
        """Returns one of the operations for each word, all alike, as its number in `NAMES`."""
        place = tf.cast(words, tf.int64) * len(self._numbers) // _draws.WORD_VALUES
        return tf.gather(tf.constant(self._numbers), place)

    def amounts(self, operation: tf.Tensor, level: tf.Tensor, words: tf.Tensor) -> tf.Tensor:
        """Returns the amounts of operations, numbers in `NAMES`, at levels from 0 to 1.

        Args:
            operation: int32 tensor.
            level: float32 tensor.
            words: Random words, for the sign.
        """
        is_turned = tf.logical_and(
            tf.gather(tf.constant(self._signed), operation), _draws.happens(words, 0.5)
        )
        step = tf.gather(tf.constant(self._steps), operation) * level
        amount = tf.gather(tf.constant(self._starts), operation)
        amount += tf.where(is_turned, -step, step)
        return tf.where(operation == NAMES.index("Posterize"), self._rounding(amount), amount)


def matrices(operation: tf.Tensor, amount: tf.Tensor, height: Any, width: Any) -> tf.Tensor:
    """Returns the map of each image by the number of its operation; identity for what is no map.

    Shears leave the upper left corner in its place, as in the authors' code.
    """
    amount = tf.cast(amount, tf.float64)
    height, width = tf.cast(height, tf.float64), tf.cast(width, tf.float64)

    def of(name: str) -> tf.Tensor:
        return tf.where(operation == NAMES.index(name), amount, 0.0)

    shear_x, shear_y = of("ShearX"), of("ShearY")
    right = _whole(of("TranslateX") * width) + _whole(of("TranslateXPixels"))
    down = _whole(of("TranslateY") * height) + _whole(of("TranslateYPixels"))
    zero = tf.zeros_like(amount)
    rows = [
        [zero, shear_x, shear_x * height / 2 - right],
        [shear_y, zero, shear_y * width / 2 - down],
        [zero, zero, zero],
    ]
    rest = tf.stack([tf.stack(row, axis=1) for row in rows], axis=1)
    return _affine.rotation(of("Rotate")) + rest


def _whole(pixels: tf.Tensor) -> tf.Tensor:
    """Returns whole pixels, cut towards 0 as in the authors' code."""
    return tf.sign(pixels) * tf.floor(tf.abs(pixels))
