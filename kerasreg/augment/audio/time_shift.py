"""Shifts in time."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.audio._examples import along_time, length_of
from kerasreg.augment.operation import NEIGHBOURHOOD, Operation, Parameters, ValueRange
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength


@register
class TimeShift(Operation):
    """Random shift of waveforms in time.

    Each waveform is moved by a fraction of its length drawn uniformly from
    `[-max_fraction, max_fraction]`, rounded to whole samples; positive fractions delay it. What
    leaves at one end is lost and the other end filled with zeros, or it comes in again there.

    Labels: safe while what is said stays inside, and where its place means nothing.

    Differs from the paper, whose shifts are up to 100 ms, in that they are fractions of the length.

    Args:
        max_fraction: Largest shift to either side, as a fraction of the length, between 0 and 1, or
            a schedule of the epoch. 0.1 for 100 ms of one second.
        wraps: Whether what leaves at one end comes in again at the other. Defaults to False:
            silence comes in.
        probability: Share of the waveforms that are moved, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest fraction for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.TimeShift(0.1)], seed=1)
        >>> augmenter.apply(np.ones((8, 16000), "float32"), index=0).shape
        TensorShape([8, 16000])

    Reference:
        Warden 2018, Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition,
        arXiv:1804.03209.
    """

    kind = NEIGHBOURHOOD
    part = "audio"
    rank = 1
    strengths = ("max_fraction",)
    neutral: ClassVar = {"fraction": 0.0}

    def __init__(
        self,
        max_fraction: float | Schedule,
        *,
        wraps: bool = False,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.max_fraction = strength("max_fraction", max_fraction, self, _checks.fraction)
        self.wraps = _checks.boolean("wraps", wraps, self)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        limit = strengths["max_fraction"]
        return {"fraction": _draws.uniform(words[:, 0], -limit, limit)}

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        length = length_of(images)
        samples = parameters["fraction"] * tf.cast(length, tf.float32)
        place = tf.range(length)[None, :] - tf.cast(tf.round(samples), tf.int32)[:, None]
        inside = tf.math.floormod(place, length)
        moved = tf.gather(images, inside, axis=1, batch_dims=1)
        if self.wraps:
            return moved
        return tf.where(along_time(place == inside, images), moved, 0.0)

    def get_config(self) -> dict[str, Any]:
        return {
            "max_fraction": saved_strength(self.max_fraction),
            "wraps": self.wraps,
            **super().get_config(),
        }
