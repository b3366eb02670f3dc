"""Random sharpness."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.image._photometric import sharpness
from kerasreg.augment.operation import PIXELWISE, Operation, Parameters, ValueRange
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength


@register
class Sharpness(Operation):
    """Random sharpness.

    Each image's distance from a smoothed copy is multiplied by a factor drawn uniformly from
    `[1 - max_change, 1 + max_change]`: factors below 1 soften, above 1 sharpen. The copy is the
    mean of a pixel (weight 5) and its eight neighbours (weight 1); pixels at the edge stay.
    Refers to the range of the values: 0 to 255 for images of uint8, else the `Augmenter`'s
    `value_range`.

    Labels: safe while what tells the classes apart is larger than a pixel or two.

    Differs from the paper in that the factor is drawn from a range, not from ten values.

    Args:
        max_change: Largest change of the factor to either side, between 0 and 1, or a
            schedule of the epoch.
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest change for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Sharpness(0.8)], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 3), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 3])

    Reference:
        Cubuk, Zoph, Mane, Vasudevan, Le 2019, AutoAugment: Learning Augmentation Strategies from
        Data, arXiv:1805.09501.
    """

    kind = PIXELWISE
    needs_range = True
    strengths = ("max_change",)
    neutral: ClassVar = {"factor": 1.0}

    def __init__(self, max_change: float | Schedule, *, probability: Any = 1.0, limits: Any = None):
        super().__init__(probability=probability, limits=limits)
        self.max_change = strength("max_change", max_change, self, _checks.fraction)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        change = strengths["max_change"]
        return {"factor": 1 + _draws.uniform(words[:, 0], -change, change)}

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        assert value_range is not None
        return sharpness(images, parameters["factor"], value_range)

    def get_config(self) -> dict[str, Any]:
        return {"max_change": saved_strength(self.max_change), **super().get_config()}
