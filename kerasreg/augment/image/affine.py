"""Rotation, shift, zoom and shear in one."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.image import _affine
from kerasreg.augment.image.rotate import angle
from kerasreg.augment.image.shear import leaning
from kerasreg.augment.image.zoom import enlargement, reduction
from kerasreg.augment.operation import GEOMETRIC, Operation, Parameters
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength

CHECKS = {
    "max_degrees": angle,
    "max_horizontal_fraction": _checks.fraction,
    "max_vertical_fraction": _checks.fraction,
    "max_in_fraction": enlargement,
    "max_out_fraction": reduction,
    "max_horizontal_shear_degrees": leaning,
    "max_vertical_shear_degrees": leaning,
}


@register
class Affine(Operation):
    """Random affine map.

    Each image is zoomed, sheared and turned about its centre, in this order, and then shifted; see
    `Zoom`, `Shear`, `Rotate` and `Shift`, whose arguments have the same meaning here. Everything
    is drawn uniformly and independently; what is 0 is not done.

    Labels: as with `Rotate`: safe while a class stays itself and the object in the image.

    No known difference from the paper.

    Args:
        max_degrees: Largest angle of rotation to either side, in degrees, between 0 and 180, or a
            schedule of the epoch. Defaults to 0, as all that follow.
        max_horizontal_fraction: Largest shift to the left and right, as a fraction of the width,
            between 0 and 1, or a schedule.
        max_vertical_fraction: Largest shift up and down, as a fraction of the height, between 0
            and 1, or a schedule.
        max_in_fraction: How much larger at most, a fraction of at least 0, or a schedule; 0.2
            stands for a factor of 1.2.
        max_out_fraction: How much smaller at most, a fraction between 0 and 0.99, or a schedule;
            0.2 stands for a factor of 0.8.
        max_horizontal_shear_degrees: Largest angle by which upright lines lean to either side, in
            degrees, between 0 and 89, or a schedule.
        max_vertical_shear_degrees: Largest angle by which level lines rise or fall, in degrees,
            between 0 and 89, or a schedule.
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Limits for each class, `{label: {argument: number}}`. Defaults to None.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> affine = kerasreg.augment.Affine(15, max_in_fraction=0.2, max_out_fraction=0.1)
        >>> augmenter = kerasreg.augment.Augmenter([affine], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 1), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 1])

    Reference:
        Simard, Steinkraus, Platt 2003, Best Practices for Convolutional Neural Networks Applied to
        Visual Document Analysis, ICDAR.
    """

    kind = GEOMETRIC
    slots = 6
    strengths = tuple(CHECKS)
    neutral: ClassVar = {
        "degrees": 0.0,
        "horizontal_fraction": 0.0,
        "vertical_fraction": 0.0,
        "factor": 1.0,
        "horizontal_shear_degrees": 0.0,
        "vertical_shear_degrees": 0.0,
    }

    def __init__(
        self,
        max_degrees: float | Schedule = 0.0,
        *,
        max_horizontal_fraction: float | Schedule = 0.0,
        max_vertical_fraction: float | Schedule = 0.0,
        max_in_fraction: float | Schedule = 0.0,
        max_out_fraction: float | Schedule = 0.0,
        max_horizontal_shear_degrees: float | Schedule = 0.0,
        max_vertical_shear_degrees: float | Schedule = 0.0,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        given = locals()
        for name, check in CHECKS.items():
            setattr(self, name, strength(name, given[name], self, check))

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        def drawn(slot: int, name: str) -> tf.Tensor:
            return _draws.uniform(words[:, slot], -strengths[name], strengths[name])

        low, high = 1 - strengths["max_out_fraction"], 1 + strengths["max_in_fraction"]
        return {
            "degrees": drawn(0, "max_degrees"),
            "horizontal_fraction": drawn(1, "max_horizontal_fraction"),
            "vertical_fraction": drawn(2, "max_vertical_fraction"),
            "factor": _draws.uniform(words[:, 3], low, high),
            "horizontal_shear_degrees": drawn(4, "max_horizontal_shear_degrees"),
            "vertical_shear_degrees": drawn(5, "max_vertical_shear_degrees"),
        }

    def matrix(self, parameters: Parameters, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
        right = parameters["horizontal_fraction"] * tf.cast(width, tf.float32)
        down = parameters["vertical_fraction"] * tf.cast(height, tf.float32)
        return _affine.composed(
            [
                _affine.scaling(parameters["factor"], parameters["factor"]),
                _affine.shear(
                    parameters["horizontal_shear_degrees"], parameters["vertical_shear_degrees"]
                ),
                _affine.rotation(parameters["degrees"]),
                _affine.translation(right, down),
            ]
        )

    def get_config(self) -> dict[str, Any]:
        own = {name: saved_strength(getattr(self, name)) for name in CHECKS}
        return {**own, **super().get_config()}
