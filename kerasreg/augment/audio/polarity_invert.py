"""Waveforms turned upside down."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg._register import register
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.audio._examples import for_each
from kerasreg.augment.operation import PIXELWISE, Operation, Parameters, ValueRange
from kerasreg.schedules import Schedule


@register
class PolarityInvert(Operation):
    """Inversion of a waveform's polarity.

    Each waveform changes its sign with `probability`, on all channels together: `y = -x`. Magnitude
    spectrograms are the same for both; it is for networks that read the waveform.

    Labels: safe; nobody hears the difference.

    No known difference from the paper.

    Args:
        probability: Share of the waveforms that are inverted, between 0 and 1, or a schedule of
            the epoch. Defaults to 0.5.
        limits: Largest probability for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter(
        ...     [kerasreg.augment.PolarityInvert(probability=1)], seed=1
        ... )
        >>> augmenter.apply(np.array([0.5, -0.25], "float32"), index=0).numpy().tolist()
        [-0.5, 0.25]

    Reference:
        Spijkervet, Burgoyne 2021, Contrastive Learning of Musical Representations,
        arXiv:2103.09410.
    """

    kind = PIXELWISE
    part = "audio"
    rank = 1
    slots = 0
    neutral: ClassVar = {"sign": 1.0}

    def __init__(self, *, probability: float | Schedule = 0.5, limits: Any = None):
        super().__init__(probability=probability, limits=limits)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        return {"sign": tf.fill(tf.shape(words)[:1], -1.0)}

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        return images * for_each(parameters["sign"], images)
