"""Histogram equalization."""

from typing import ClassVar

import tensorflow as tf

from kerasreg._register import register
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.image._photometric import equalize
from kerasreg.augment.operation import PIXELWISE, Operation, Parameters, ValueRange


@register
class Equalize(Operation):
    """Histogram equalization.

    In each channel of each image the values are replaced by their rank, so that all parts of the
    range become about equally frequent. 256 steps of the range are told apart; images of fewer
    pixels than that stay as they are.
    Refers to the range of the values: 0 to 255 for images of uint8, else the `Augmenter`'s
    `value_range`.

    Labels: safe where brightness says little.

    No known difference from the paper, whose form is Pillow's: the last step of the histogram
    does not count.

    Args:
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest probability for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Equalize()], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 3), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 3])

    Reference:
        Cubuk, Zoph, Mane, Vasudevan, Le 2019, AutoAugment: Learning Augmentation Strategies from
        Data, arXiv:1805.09501.
    """

    kind = PIXELWISE
    needs_range = True
    neutral: ClassVar = {"is_changed": False}

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        return {"is_changed": tf.ones_like(words[:, 0], tf.bool)}

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        assert value_range is not None
        changed = equalize(images, value_range)
        return tf.where(parameters["is_changed"][:, None, None, None], changed, images)
