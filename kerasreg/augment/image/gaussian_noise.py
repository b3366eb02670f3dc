"""Normal noise on every pixel."""

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
class GaussianNoise(Operation):
    """Additive Gaussian noise.

    Adds to each value of each pixel an independent normal number of mean 0:
    `y = x + stddev * N(0, 1)`. With `stddev=(low, high)` each image draws its own strength. For
    small noise and squared error, training so is like a penalty on the squared gradient of the
    network's output by its input. Noise leaves the range of the values; the `Augmenter`'s
    `value_range` cuts it there.

    Labels: safe while a person still recognizes the image.

    Differs from the paper in the tails only: no number is larger than 5.42 standard deviations,
    which would happen once in sixteen million.

    Args:
        stddev: Standard deviation in the units of the pixel values (0 to 255 for most uint8
            images), a number of at least 0 or a `(low, high)` range of such numbers, or a
            schedule of the epoch.
        probability: Share of the images that get noise, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest standard deviation for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is not a number, or a range not a pair of numbers.
        ValueError: If an argument is outside its range, or a range out of order.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.GaussianNoise(10)], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 1), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 1])

    Reference:
        Bishop 1995, Training with Noise is Equivalent to Tikhonov Regularization, Neural
        Computation 7(1).
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
        return images + noise * parameters["stddev"][:, None, None, None]

    def get_config(self) -> dict[str, Any]:
        return {"stddev": saved_strength(self.stddev), **super().get_config()}
