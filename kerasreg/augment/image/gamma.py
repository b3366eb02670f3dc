"""Random gamma correction."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._span import non_negative
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.operation import PIXELWISE, Operation, Parameters, ValueRange
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength


@register
class Gamma(Operation):
    """Random gamma correction.

    Within the range of the values, with 0 the lowest and 1 the highest, each image is raised to a
    power, `y = x ** gamma`, with gamma from 1 / (1 + max_change) to 1 + max_change and its
    logarithm drawn uniformly. Powers below 1 lighten the dark parts; the ends of the range stay.
    Refers to the range of the values: 0 to 255 for images of uint8, else the `Augmenter`'s
    `value_range`.

    Labels: safe while the object stays visible.

    No known difference from the paper, which sets gamma to a display's.

    Args:
        max_change: How far gamma may go above 1, and its inverse likewise, a finite number of at
            least 0, or a schedule of the epoch.
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest change for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Gamma(0.5)], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 3), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 3])

    Reference:
        Poynton 1998, The Rehabilitation of Gamma, Proceedings of SPIE 3299.
    """

    kind = PIXELWISE
    needs_range = True
    strengths = ("max_change",)
    neutral: ClassVar = {"gamma": 1.0}

    def __init__(self, max_change: float | Schedule, *, probability: Any = 1.0, limits: Any = None):
        super().__init__(probability=probability, limits=limits)
        self.max_change = strength("max_change", max_change, self, non_negative)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        limit = tf.math.log1p(tf.cast(strengths["max_change"], tf.float32))
        return {"gamma": tf.exp(_draws.uniform(words[:, 0], -limit, limit))}

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        assert value_range is not None
        low, high = value_range
        share = tf.clip_by_value((images - low) / (high - low), 0.0, 1.0)
        gamma = parameters["gamma"][:, None, None, None]
        return tf.where(gamma == 1, images, low + tf.pow(share, gamma) * (high - low))

    def get_config(self) -> dict[str, Any]:
        return {"max_change": saved_strength(self.max_change), **super().get_config()}
