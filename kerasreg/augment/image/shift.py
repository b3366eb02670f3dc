"""Shifts by a random part of the image's size."""

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


@register
class Shift(Operation):
    """Random horizontal and vertical shift.

    Each image is moved sideways by a fraction of its width drawn uniformly from
    `[-max_horizontal_fraction, max_horizontal_fraction]`, and up or down by a fraction of its
    height drawn likewise; positive fractions move it to the right and down. Shifts are not rounded
    to whole pixels. Interpolation and what fills the gap are the `Augmenter`'s.

    Labels: safe while the object stays in the image and where its place means nothing. Where
    the label holds a position (a box, a key point) it would have to move too.

    No known difference from the paper.

    Args:
        max_horizontal_fraction: Largest shift to the left and right, as a fraction of the width,
            between 0 and 1, or a schedule of the epoch.
        max_vertical_fraction: Largest shift up and down, as a fraction of the height, between 0
            and 1, or a schedule of the epoch.
        probability: Share of the images that are moved, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest fraction for each class, `{label: number}` for both
            directions or `{label: {argument: number}}`. Defaults to None.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Shift(0.1, 0.1)], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 1), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 1])

    Reference:
        Simard, Steinkraus, Platt 2003, Best Practices for Convolutional Neural Networks Applied to
        Visual Document Analysis, ICDAR.
    """

    kind = GEOMETRIC
    slots = 2
    strengths = ("max_horizontal_fraction", "max_vertical_fraction")
    neutral: ClassVar = {"horizontal_fraction": 0.0, "vertical_fraction": 0.0}

    def __init__(
        self,
        max_horizontal_fraction: float | Schedule,
        max_vertical_fraction: float | Schedule,
        *,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.max_horizontal_fraction = strength(
            "max_horizontal_fraction", max_horizontal_fraction, self, _checks.fraction
        )
        self.max_vertical_fraction = strength(
            "max_vertical_fraction", max_vertical_fraction, self, _checks.fraction
        )

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        horizontal = strengths["max_horizontal_fraction"]
        vertical = strengths["max_vertical_fraction"]
        return {
            "horizontal_fraction": _draws.uniform(words[:, 0], -horizontal, horizontal),
            "vertical_fraction": _draws.uniform(words[:, 1], -vertical, vertical),
        }

    def matrix(self, parameters: Parameters, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
        right = parameters["horizontal_fraction"] * tf.cast(width, tf.float32)
        down = parameters["vertical_fraction"] * tf.cast(height, tf.float32)
        return _affine.translation(right, down)

    def get_config(self) -> dict[str, Any]:
        return {
            "max_horizontal_fraction": saved_strength(self.max_horizontal_fraction),
            "max_vertical_fraction": saved_strength(self.max_vertical_fraction),
            **super().get_config(),
        }
