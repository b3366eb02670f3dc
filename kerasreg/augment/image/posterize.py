"""Random posterization."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.image._photometric import posterize
from kerasreg.augment.operation import PIXELWISE, Operation, Parameters, ValueRange


@register
class Posterize(Operation):
    """Random posterization: fewer different values.

    Within the range of the values, with 0 the lowest and 255 the highest, the lowest bits of each
    value are set to 0; how many is drawn for each image, all numbers from 0 to `max_bits` alike.
    Refers to the range of the values: 0 to 255 for images of uint8, else the `Augmenter`'s
    `value_range`.

    Labels: safe while what tells the classes apart is not shading.

    Differs from the paper, which draws from four to eight bits that are kept.

    Args:
        max_bits: Largest number of bits that are lost, an integer from 0 to 8.
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest number of bits for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Posterize(4)], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 3), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 3])

    Reference:
        Cubuk, Zoph, Mane, Vasudevan, Le 2019, AutoAugment: Learning Augmentation Strategies from
        Data, arXiv:1805.09501.
    """

    kind = PIXELWISE
    needs_range = True
    strengths = ("max_bits",)
    neutral: ClassVar = {"bits": 0.0}

    def __init__(self, max_bits: int, *, probability: Any = 1.0, limits: Any = None):
        super().__init__(probability=probability, limits=limits)
        self.max_bits = _checks.whole("max_bits", max_bits, self, low=0, high=8)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        most = tf.floor(tf.cast(strengths["max_bits"], tf.float32))
        bits = tf.floor(_draws.uniform(words[:, 0], 0.0, most + 1))
        return {"bits": tf.minimum(bits, most)}

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        assert value_range is not None
        bits = parameters["bits"]
        return tf.where(
            bits[:, None, None, None] > 0, posterize(images, 8 - bits, value_range), images
        )

    def get_config(self) -> dict[str, Any]:
        return {"max_bits": self.max_bits, **super().get_config()}
