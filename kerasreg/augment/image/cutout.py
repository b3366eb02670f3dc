"""One square of an image is erased."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.image._erased import erased, rectangles
from kerasreg.augment.operation import PIXELWISE, Operation, Parameters, ValueRange
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength


@register
class Cutout(Operation):
    """Cutout: one square of the image is filled with a value.

    In each image a square is filled whose side is `side` times the shorter side of the image,
    rounded to whole pixels. Its middle is a pixel drawn uniformly from the image, so that a part of
    the square may lie outside; the paper found this to be important. Masks and boxes stay as they
    are.

    Labels: safe while enough of the object is left.

    Differs from the paper in that the side is a part of the image's, not a number of pixels.

    Args:
        side: Side of the square as a part of the image's shorter side, between 0 and 1, or a
            schedule of the epoch.
        fill_value: What the pixels become, in the units of the values. Defaults to 0; the paper
            takes the mean of the data.
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest side for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Cutout(0.5)], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 3), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 3])

    Reference:
        DeVries, Taylor 2017, Improved Regularization of Convolutional Neural Networks with Cutout,
        arXiv:1708.04552.
    """

    kind = PIXELWISE
    slots = 2
    strengths = ("side",)
    neutral: ClassVar = {"side": 0.0}

    def __init__(
        self,
        side: float | Schedule,
        *,
        fill_value: float = 0.0,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.side = strength("side", side, self, _checks.fraction)
        self.fill_value = _checks.number("fill_value", fill_value, self)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        side = tf.cast(strengths["side"], tf.float32)
        return {
            "side": tf.broadcast_to(side, tf.shape(words)[:1]),
            "middle": _draws.uniform(words, 0.0, 1.0),
        }

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        shape = tf.shape(images)
        size = tf.cast(shape[1:3], tf.float32)
        side = tf.round(parameters["side"] * tf.reduce_min(size))[:, None]
        start = tf.floor(parameters["middle"] * size) - tf.floor(side / 2)
        return erased(images, rectangles(start, start + side, shape), self.fill_value)

    def get_config(self) -> dict[str, Any]:
        return {
            "side": saved_strength(self.side),
            "fill_value": self.fill_value,
            **super().get_config(),
        }
