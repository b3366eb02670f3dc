"""Loudness changed by a random gain."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._span import non_negative
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.audio._examples import for_each
from kerasreg.augment.operation import PIXELWISE, Operation, Parameters, ValueRange
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength


@register
class Gain(Operation):
    """Random gain of waveforms.

    Each waveform is multiplied by `10 ** (g / 20)`, with the gain g in decibels drawn uniformly
    from `[-max_db, max_db]`: 6 dB double the amplitude. What is then too loud is cut only if the
    `Augmenter` has a `value_range`, `(-1, 1)` for instance.

    Labels: safe, unless the label is the loudness.

    Differs from the paper in that the gain is symmetric in decibels; there the factor is from 1/8
    to 2, -18 to 6 dB.

    Args:
        max_db: Largest gain and largest loss, in decibels, a finite number of at least 0, or a
            schedule of the epoch.
        probability: Share of the waveforms that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest gain for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Gain(6)], seed=1)
        >>> augmenter.apply(np.ones((8, 16000), "float32"), index=0).shape
        TensorShape([8, 16000])

    Reference:
        Peddinti, Chen, Manohar, Ko, Povey, Khudanpur 2015, JHU ASpIRE System: Robust LVCSR with
        TDNNs, iVector Adaptation and RNN-LMs, ASRU.
    """

    kind = PIXELWISE
    part = "audio"
    rank = 1
    strengths = ("max_db",)
    neutral: ClassVar = {"gain_db": 0.0}

    def __init__(self, max_db: float | Schedule, *, probability: Any = 1.0, limits: Any = None):
        super().__init__(probability=probability, limits=limits)
        self.max_db = strength("max_db", max_db, self, non_negative)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        limit = strengths["max_db"]
        return {"gain_db": _draws.uniform(words[:, 0], -limit, limit)}

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        gain = tf.pow(10.0, parameters["gain_db"] / 20)
        return images * for_each(gain, images)

    def get_config(self) -> dict[str, Any]:
        return {"max_db": saved_strength(self.max_db), **super().get_config()}
