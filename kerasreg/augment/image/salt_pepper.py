"""Salt and pepper."""

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
class SaltPepper(Operation):
    """Salt and pepper: single pixels become black or white.

    Each pixel, with all its channels, becomes the lowest or the highest value with the probability
    `rate`, half of them each; the others stay.
    Refers to the range of the values: 0 to 255 for images of uint8, else the `Augmenter`'s
    `value_range`.

    Labels: safe while a person still recognizes the image.

    No known difference from the book.

    Args:
        rate: Share of the pixels that are replaced, between 0 and 1, or a schedule of the epoch.
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest rate for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.SaltPepper(0.05)], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 3), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 3])

    Reference:
        Gonzalez, Woods 2008, Digital Image Processing, 3rd edition, section 5.2.
    """

    kind = PIXELWISE
    needs_range = True
    slots = 2
    strengths = ("rate",)
    neutral: ClassVar = {"rate": 0.0}

    def __init__(self, rate: float | Schedule, *, probability: Any = 1.0, limits: Any = None):
        super().__init__(probability=probability, limits=limits)
        self.rate = strength("rate", rate, self, _checks.fraction)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        rate = tf.cast(strengths["rate"], tf.float64)
        return {"rate": tf.broadcast_to(rate, tf.shape(words)[:1]), "key": words}

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        assert value_range is not None
        low, high = value_range
        shape = tf.concat([tf.shape(images)[:3], [1]], axis=0)
        words = _draws.pixel_words(parameters["key"], shape)
        rate = parameters["rate"][:, None, None, None]
        is_salt = _draws.happens(words, rate / 2)
        changed = tf.where(is_salt, high, tf.where(_draws.happens(words, rate), low, images))
        return tf.cast(changed, images.dtype)

    def get_config(self) -> dict[str, Any]:
        return {"rate": saved_strength(self.rate), **super().get_config()}
