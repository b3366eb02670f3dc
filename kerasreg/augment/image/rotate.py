"""Rotation by a random angle."""

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
class Rotate(Operation):
    """Random rotation.

    Each image is turned about its centre by an angle drawn uniformly from
    `[-max_degrees, max_degrees]`; positive angles turn counter-clockwise. Interpolation and what
    fills the corners are the `Augmenter`'s, as rotations and shifts are resampled together.

    Labels: safe while a class stays itself. A 6 becomes a 9 at 180 degrees and an N a Z at 90;
    digits and letters take 10 to 30 degrees, photographs from above any angle.

    No known difference from the paper.

    Args:
        max_degrees: Largest angle to either side, in degrees, between 0 and 180, or a schedule of
            the epoch.
        probability: Share of the images that are turned, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest angle for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Rotate(30)], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 1), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 1])

    Reference:
        Simard, Steinkraus, Platt 2003, Best Practices for Convolutional Neural Networks Applied to
        Visual Document Analysis, ICDAR.
    """

    kind = GEOMETRIC
    strengths = ("max_degrees",)
    neutral: ClassVar = {"degrees": 0.0}

    def __init__(
        self, max_degrees: float | Schedule, *, probability: Any = 1.0, limits: Any = None
    ):
        super().__init__(probability=probability, limits=limits)
        self.max_degrees = strength("max_degrees", max_degrees, self, angle)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        limit = strengths["max_degrees"]
        return {"degrees": _draws.uniform(words[:, 0], -limit, limit)}

    def matrix(self, parameters: Parameters, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
        return _affine.rotation(parameters["degrees"])

    def get_config(self) -> dict[str, Any]:
        return {"max_degrees": saved_strength(self.max_degrees), **super().get_config()}


def angle(name: str, value: Any, owner: object) -> float:
    """Returns the largest angle of a rotation."""
    return _checks.number(name, value, owner, low=0, high=180)
