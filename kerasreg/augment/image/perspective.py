"""Images seen from another side."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.image import _affine
from kerasreg.augment.operation import GEOMETRIC, Operation, Parameters
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength

LARGEST = 0.65  # From two thirds on, four corners may enclose no convex figure.


@register
class Perspective(Operation):
    """Random perspective.

    Each image is drawn as if seen from another side: every corner moves toward the middle, by
    fractions of half the width and of half the height drawn uniformly from `[0, max_fraction]`,
    each by itself, and straight lines stay straight. Interpolation and what fills the margin are
    the `Augmenter`'s.

    Labels: safe where an object is the same from every side.

    No known difference from the paper.

    Args:
        max_fraction: How far corners move at most, as a fraction of the way to the middle, between
            0 and 0.65, or a schedule of the epoch. 0.5 is common.
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest fraction for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Perspective(0.3)], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 1), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 1])

    Reference:
        Heckbert 1989, Fundamentals of Texture Mapping and Image Warping, UCB/CSD 89/516.
    """

    kind = GEOMETRIC
    slots = 8
    projective = True
    strengths = ("max_fraction",)
    neutral: ClassVar = {"horizontal_fractions": 0.0, "vertical_fractions": 0.0}

    def __init__(
        self, max_fraction: float | Schedule, *, probability: Any = 1.0, limits: Any = None
    ):
        super().__init__(probability=probability, limits=limits)
        self.max_fraction = strength("max_fraction", max_fraction, self, _inward)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        """Returns how far corners move, from the upper left one clockwise."""
        limit = tf.reshape(tf.cast(strengths["max_fraction"], tf.float32), [-1, 1])
        drawn = _draws.uniform(words, 0.0, 1.0) * limit
        return {"horizontal_fractions": drawn[:, :4], "vertical_fractions": drawn[:, 4:]}

    def matrix(self, parameters: Parameters, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
        right = tf.constant([-1.0, 1, 1, -1], tf.float64)
        down = tf.constant([-1.0, -1, 1, 1], tf.float64)
        half = tf.cast(tf.stack([width, height]), tf.float64) / 2
        x = right * (1 - tf.cast(parameters["horizontal_fractions"], tf.float64))
        y = down * (1 - tf.cast(parameters["vertical_fractions"], tf.float64))
        to_unit = tf.linalg.diag(tf.stack([1 / half[0], 1 / half[1], 1.0]))
        to_pixels = tf.linalg.diag(tf.stack([half[0], half[1], 1.0]))
        return to_pixels @ tf.linalg.inv(_affine.from_square(x, y)) @ to_unit

    def get_config(self) -> dict[str, Any]:
        return {"max_fraction": saved_strength(self.max_fraction), **super().get_config()}


def _inward(name: str, value: Any, owner: object) -> float:
    return _checks.number(name, value, owner, low=0, high=LARGEST)
