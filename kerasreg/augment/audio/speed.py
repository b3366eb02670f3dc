"""Speed changed by a random factor."""

import math
from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._span import ends
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.audio._examples import along_time, for_each, length_of
from kerasreg.augment.operation import NEIGHBOURHOOD, Operation, Parameters, ValueRange
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength

ZERO_CROSSINGS = 8
LARGEST_CHANGE = 3.0


@register
class Speed(Operation):
    """Random speed of waveforms.

    Each waveform is played faster or slower, `y(t) = x(f t)`, with a factor f from
    1 / (1 + max_change) to 1 + max_change and its logarithm drawn uniformly. Pitch and voice change
    with it, as on a tape. The length stays: what gets longer is cut at the end, what gets shorter
    is followed by zeros.

    Between the samples it is read with a sinc function under a Hann window, 8 zero crossings to
    either side. Where a waveform is played faster, frequencies that would be too high for the
    sampling rate are taken out so; from a tenth below that limit on, the filter takes part.

    Labels: safe for words; changes of more than a tenth or two sound like another speaker.

    Differs from the paper in that the factor is drawn from a range, where it takes 0.9, 1 and
    1.1, and in that the length stays.

    Args:
        max_change: How far the factor may go above 1, and its inverse likewise, between 0 and 3, or
            a schedule of the epoch. 0.1 for factors from 0.91 to 1.1. The work grows with the
            largest factor.
        probability: Share of the waveforms that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest change for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Speed(0.1)], seed=1)
        >>> augmenter.apply(np.ones((8, 16000), "float32"), index=0).shape
        TensorShape([8, 16000])

    Reference:
        Ko, Peddinti, Povey, Khudanpur 2015, Audio Augmentation for Speech Recognition,
        Interspeech.
    """

    kind = NEIGHBOURHOOD
    part = "audio"
    rank = 1
    strengths = ("max_change",)
    neutral: ClassVar = {"factor": 1.0}

    def __init__(self, max_change: float | Schedule, *, probability: Any = 1.0, limits: Any = None):
        super().__init__(probability=probability, limits=limits)
        self.max_change = strength("max_change", max_change, self, change)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        limit = tf.math.log1p(tf.cast(strengths["max_change"], tf.float32))
        return {"factor": tf.exp(_draws.uniform(words[:, 0], -limit, limit))}

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        factor = parameters["factor"]
        length = length_of(images)
        # Products of float32 would be wrong by a part of a sample in long waveforms.
        place = tf.cast(tf.range(length), tf.float64) * tf.cast(factor, tf.float64)[:, None]
        whole = tf.floor(place)
        reach = math.ceil(ZERO_CROSSINGS * (1 + ends(self.max_change)[1]))
        padded = tf.pad(images, [[0, 0], [reach, reach + 1]] + [[0, 0]] * (images.shape.rank - 2))
        first = tf.cast(tf.minimum(whole, tf.cast(length, tf.float64)), tf.int32)
        weights = _Sinc(tf.cast(place - whole, tf.float32), factor)
        total, sum_of_weights = tf.zeros_like(images), tf.zeros_like(weights.between)
        for step in range(1 - reach, reach + 1):
            read = tf.minimum(first + reach + step, length + 2 * reach)
            weight = weights.at(step)
            total += along_time(weight, images) * tf.gather(padded, read, axis=1, batch_dims=1)
            sum_of_weights += weight
        made = total / along_time(sum_of_weights, images)
        is_over = along_time(place > tf.cast(length - 1, tf.float64), images)
        made = tf.where(is_over, 0.0, made)
        return tf.where(for_each(factor == 1, images), images, made)

    def get_config(self) -> dict[str, Any]:
        return {"max_change": saved_strength(self.max_change), **super().get_config()}


def change(name: str, value: Any, owner: object) -> float:
    """Returns how far a factor may go above 1."""
    return _checks.number(name, value, owner, low=0, high=LARGEST_CHANGE)


class _Sinc:
    """The weights of the samples around a place.

    Sines and cosines of sums are put together from those of their parts: two for each place and
    two for each step, none for both.

    Args:
        between: How far the place is past a sample, `(waveforms, time)`, below 1.
        factor: How much faster the waveform is read, `(waveforms,)`.
    """

    def __init__(self, between: tf.Tensor, factor: tf.Tensor):
        self.between = between
        self._cutoff = tf.minimum(1.0, 1 / factor)[:, None]
        self._angle = math.pi * self._cutoff
        self._sine = tf.sin(self._angle * between)
        self._cosine = tf.cos(self._angle * between)
        self._window_angle = self._angle / ZERO_CROSSINGS
        self._window_sine = tf.sin(self._window_angle * between)
        self._window_cosine = tf.cos(self._window_angle * between)

    def at(self, step: int) -> tf.Tensor:
        """Returns the weight of the sample so many after the one before the place."""
        distance = self.between - step
        turn, window_turn = self._angle * step, self._window_angle * step
        sine = self._sine * tf.cos(turn) - self._cosine * tf.sin(turn)
        cosine = self._window_cosine * tf.cos(window_turn)
        cosine += self._window_sine * tf.sin(window_turn)
        is_inside = tf.abs(distance) * self._cutoff < ZERO_CROSSINGS
        # Near 0 the quotient of small numbers is rounded; the series is right to 1e-8.
        near = tf.abs(distance) < 0.01
        series = self._cutoff * (1 - tf.square(self._angle * distance) / 6)
        sinc = tf.where(near, series, sine / (math.pi * tf.where(near, 1.0, distance)))
        return tf.where(is_inside, sinc * (0.5 + 0.5 * cosine), 0.0)
