"""Lean images to a side."""

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
class Shear(Operation):
    """Random shear.

    Each image leans to a side, about its centre: a pixel y above the centre moves to the right by
    `y tan(a)` with an angle a drawn uniformly from
    `[-max_horizontal_degrees, max_horizontal_degrees]`, as letters in italics do; then one x to the
    right of the centre moves up by `x tan(b)`, with an angle b drawn likewise. Interpolation and
    what fills the corners are the `Augmenter`'s.

    Labels: safe for moderate angles, as handwriting leans by itself.

    No known difference from the paper.

    Args:
        max_horizontal_degrees: Largest angle by which upright lines lean to either side, in
            degrees, between 0 and 89, or a schedule of the epoch.
        max_vertical_degrees: Largest angle by which level lines rise or fall, in degrees, between
            0 and 89, or a schedule of the epoch. Defaults to 0.
        probability: Share of the images that are sheared, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest angle for each class, `{label: number}` for both directions or
            `{label: {argument: number}}`. Defaults to None.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Shear(15)], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 1), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 1])

    Reference:
        Simard, Steinkraus, Platt 2003, Best Practices for Convolutional Neural Networks Applied to
        Visual Document Analysis, ICDAR.
    """

    kind = GEOMETRIC
    slots = 2
    strengths = ("max_horizontal_degrees", "max_vertical_degrees")
    neutral: ClassVar = {"horizontal_degrees": 0.0, "vertical_degrees": 0.0}

    def __init__(
        self,
        max_horizontal_degrees: float | Schedule,
        max_vertical_degrees: float | Schedule = 0.0,
        *,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.max_horizontal_degrees = strength(
            "max_horizontal_degrees", max_horizontal_degrees, self, leaning
        )
        self.max_vertical_degrees = strength(
            "max_vertical_degrees", max_vertical_degrees, self, leaning
        )

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        horizontal = strengths["max_horizontal_degrees"]
        vertical = strengths["max_vertical_degrees"]
        return {
            "horizontal_degrees": _draws.uniform(words[:, 0], -horizontal, horizontal),
            "vertical_degrees": _draws.uniform(words[:, 1], -vertical, vertical),
        }

    def matrix(self, parameters: Parameters, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
        return _affine.shear(parameters["horizontal_degrees"], parameters["vertical_degrees"])

    def get_config(self) -> dict[str, Any]:
        return {
            "max_horizontal_degrees": saved_strength(self.max_horizontal_degrees),
            "max_vertical_degrees": saved_strength(self.max_vertical_degrees),
            **super().get_config(),
        }


def leaning(name: str, value: Any, owner: object) -> float:
    """Returns the largest angle of a shear, at which lines are still apart."""
    return _checks.number(name, value, owner, low=0, high=89)
