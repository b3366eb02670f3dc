"""Multiplicative noise."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._span import ends, span
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.operation import PIXELWISE, Operation, Parameters, ValueRange
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength


@register
class Speckle(Operation):
    """Speckle: multiplicative normal noise.

    Each value is multiplied by a normal number of its own, `y = x * (1 + stddev * N(0, 1))`: dark
    pixels change little, bright ones much. With `stddev=(low, high)` each image draws its own
    strength. Values are counted from 0; the `Augmenter`'s `value_range` cuts what leaves it.

    Labels: safe while a person still recognizes the image.

    Differs from the book, whose speckle is exponential or Rayleigh noise: this is the normal form
    in common use.

    Args:
        stddev: Standard deviation of the factor, a number of at least 0, a `(low, high)` range of
            such numbers, or a schedule of the epoch.
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest standard deviation for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Speckle(0.1)], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 3), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 3])

    Reference:
        Goodman 1976, Some fundamental properties of speckle, Journal of the Optical Society of
        America 66(11).
    """

    kind = PIXELWISE
    slots = 3
    strengths = ("stddev",)
    neutral: ClassVar = {"stddev": 0.0}

    def __init__(
        self,
        stddev: float | tuple[float, float] | Schedule,
        *,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.stddev = span("stddev", stddev, self)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        return {
            "stddev": _draws.uniform(words[:, 0], *ends(strengths["stddev"])),
            "key": words[:, 1:3],
        }

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        noise = _draws.normal(_draws.pixel_words(parameters["key"], tf.shape(images)))
        return images + images * noise * parameters["stddev"][:, None, None, None]

    def get_config(self) -> dict[str, Any]:
        return {"stddev": saved_strength(self.stddev), **super().get_config()}
