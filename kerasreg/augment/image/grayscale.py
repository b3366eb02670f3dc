"""Colors removed."""

from typing import ClassVar

import tensorflow as tf

from kerasreg._register import register
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.image._photometric import gray
from kerasreg.augment.operation import PIXELWISE, Operation, Parameters, ValueRange


@register
class Grayscale(Operation):
    """Color removed.

    Each pixel's channels become its luma, 0.299 red + 0.587 green + 0.114 blue; the image keeps
    three channels. Of images of other than three channels the mean is taken, and one channel stays.

    Labels: safe where color says nothing; with a `probability` below 1 where it says something.

    No known difference from the paper.

    Args:
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest probability for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Grayscale()], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 3), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 3])

    Reference:
        Chen, Kornblith, Norouzi, Hinton 2020, A Simple Framework for Contrastive Learning of Visual
        Representations, arXiv:2002.05709.
    """

    kind = PIXELWISE
    neutral: ClassVar = {"is_gray": False}

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        return {"is_gray": tf.ones_like(words[:, 0], tf.bool)}

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        mask = parameters["is_gray"][:, None, None, None]
        return tf.where(mask, tf.broadcast_to(gray(images), tf.shape(images)), images)
