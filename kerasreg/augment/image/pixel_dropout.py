"""Single pixels replaced by one value."""

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
class PixelDropout(Operation):
    """Random replacement of single pixels.

    Each pixel, with all its channels, becomes `fill_value` with the probability `rate`; the others
    stay as they are. (Masking noise; dropout of the input without the rescaling.)

    Labels: safe while a person still recognizes the image.

    Differs from the paper in that each pixel is decided on by itself, where the paper replaces a
    fixed number of them.

    Args:
        rate: Share of the pixels that are replaced, between 0 and 1, or a schedule of the epoch.
        fill_value: What they become, in the units of the pixel values. Defaults to 0.
        probability: Share of the images that lose pixels, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest rate for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If `rate` or `probability` is outside its range, or `fill_value` not finite.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.PixelDropout(0.1)], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 1), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 1])

    Reference:
        Vincent, Larochelle, Bengio, Manzagol 2008, Extracting and Composing Robust Features with
        Denoising Autoencoders, ICML.
    """

    kind = PIXELWISE
    slots = 2
    strengths = ("rate",)
    neutral: ClassVar = {"rate": 0.0}

    def __init__(
        self,
        rate: float | Schedule,
        *,
        fill_value: float = 0.0,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.rate = strength("rate", rate, self, _checks.fraction)
        self.fill_value = _checks.number("fill_value", fill_value, self)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        rate = tf.cast(strengths["rate"], tf.float64)
        return {"rate": tf.broadcast_to(rate, tf.shape(words)[:1]), "key": words}

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        shape = tf.concat([tf.shape(images)[:3], [1]], axis=0)
        rate = parameters["rate"][:, None, None, None]
        is_lost = _draws.happens(_draws.pixel_words(parameters["key"], shape), rate)
        return tf.where(is_lost, tf.constant(self.fill_value, images.dtype), images)

    def get_config(self) -> dict[str, Any]:
        return {
            "rate": saved_strength(self.rate),
            "fill_value": self.fill_value,
            **super().get_config(),
        }
