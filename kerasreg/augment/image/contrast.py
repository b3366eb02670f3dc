"""Random contrast."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.image._photometric import contrast
from kerasreg.augment.operation import PIXELWISE, Operation, Parameters, ValueRange
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength


@register
class Contrast(Operation):
    """Random contrast.

    Each image's distance from its own mean gray value is multiplied by a factor drawn uniformly
    from `[1 - max_change, 1 + max_change]`: `y = mean + factor * (x - mean)`, cut to the range. Of
    color images the mean is that of the luma (0.299 red, 0.587 green, 0.114 blue).
    Refers to the range of the values: 0 to 255 for images of uint8, else the `Augmenter`'s
    `value_range`.

    Labels: safe while the object stays visible.

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
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Contrast(0.5)], seed=1)
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
        return contrast(images, parameters["factor"], value_range)

    def get_config(self) -> dict[str, Any]:
        return {"max_change": saved_strength(self.max_change), **super().get_config()}
