"""Random brightness."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.operation import PIXELWISE, Operation, Parameters, ValueRange
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength


@register
class Brightness(Operation):
    """Random brightness.

    To each image a number is added that is drawn uniformly from `[-max_delta, max_delta]` times the
    width of the range of the values; the sum is cut to the range.
    Refers to the range of the values: 0 to 255 for images of uint8, else the `Augmenter`'s
    `value_range`.

    Labels: safe while the object stays visible.

    Differs from the paper, which multiplies: adding changes dark pixels as much as bright ones.

    Args:
        max_delta: Largest change to either side, as a part of the range of the values, between 0
            and 1, or a schedule of the epoch.
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest change for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Brightness(0.2)], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 3), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 3])

    Reference:
        Cubuk, Zoph, Mane, Vasudevan, Le 2019, AutoAugment: Learning Augmentation Strategies from
        Data, arXiv:1805.09501.
    """

    kind = PIXELWISE
    needs_range = True
    strengths = ("max_delta",)
    neutral: ClassVar = {"delta": 0.0}

    def __init__(self, max_delta: float | Schedule, *, probability: Any = 1.0, limits: Any = None):
        super().__init__(probability=probability, limits=limits)
        self.max_delta = strength("max_delta", max_delta, self, _checks.fraction)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        limit = strengths["max_delta"]
        return {"delta": _draws.uniform(words[:, 0], -limit, limit)}

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        assert value_range is not None
        low, high = value_range
        delta = parameters["delta"][:, None, None, None] * (high - low)
        return tf.clip_by_value(images + delta, low, high)

    def get_config(self) -> dict[str, Any]:
        return {"max_delta": saved_strength(self.max_delta), **super().get_config()}
