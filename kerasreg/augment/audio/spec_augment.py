"""Spectrograms with parts of time and frequency masked, and time warped."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._span import non_negative
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.audio._examples import along_time, for_each, length_of
from kerasreg.augment.operation import NEIGHBOURHOOD, Operation, Parameters, Pass, ValueRange
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength

POLICIES: dict[str, dict[str, Any]] = {
    "LB": {"max_warp": 80, "max_frequencies": 27, "max_steps": 100},
    "LD": {
        "max_warp": 80,
        "max_frequencies": 27,
        "frequency_masks": 2,
        "max_steps": 100,
        "time_masks": 2,
    },
    "SM": {
        "max_warp": 40,
        "max_frequencies": 15,
        "frequency_masks": 2,
        "max_steps": 70,
        "max_step_share": 0.2,
        "time_masks": 2,
    },
    "SS": {
        "max_warp": 40,
        "max_frequencies": 27,
        "frequency_masks": 2,
        "max_steps": 70,
        "max_step_share": 0.2,
        "time_masks": 2,
    },
}


@register
class SpecAugment(Operation):
    """Masked times and frequencies of spectrograms, and warped time (SpecAugment).

    Each spectrogram, `(time, frequency)`, is changed in three steps. Time warp: a moment drawn
    uniformly is moved by a number of steps drawn uniformly from `[-max_warp, max_warp]`, start and
    end stay, and between them time is stretched evenly. Frequency masks: a width f is drawn
    uniformly from the integers 0 to `max_frequencies`, a place uniformly from all it fits into, and
    f neighbouring frequencies are filled. Time masks: likewise, with t from 0 to `max_steps`, and
    to `max_step_share` of all steps at most. Masks may overlap.

    `SpecAugment.from_policy("LD")` gives the paper's policies: "LB" and "LD" (LibriSpeech basic
    and double), "SM" and "SS" (Switchboard mild and strong). Their widths are meant for 80 mel
    frequencies and a step each 10 ms; scale them to what you have.

    Labels: safe for words in sentences; where a class is one short sound, masks as long as that
    hide it.

    Differs from the paper in the warp, which moves along time only and is piecewise linear, where
    there it is a spline over the picture; in short spectrograms the moment is drawn and moved by
    up to half of the length. A mask may reach the last step and the highest frequency, which a
    literal reading of the paper leaves out.

    Args:
        max_frequencies: Largest width of a frequency mask, F in the paper, in frequencies, a number
            of at least 0 or a schedule of the epoch. Defaults to 27.
        max_steps: Largest width of a time mask, T, in steps, likewise. Defaults to 100.
        max_warp: Largest distance of the time warp, W, in steps, likewise; 0 for none. Defaults
            to 0.
        frequency_masks: Number of frequency masks. Defaults to 1.
        time_masks: Number of time masks. Defaults to 1.
        max_step_share: Largest width of a time mask, p, as a fraction of the number of steps,
            between 0 and 1; padding counts. Defaults to 1.
        fill_value: What masks are filled with: a number, or "mean" for the mean of the example.
            Defaults to 0, which is the mean where spectrograms are normalized, and loud in
            logarithms that are not.
        probability: Share of the spectrograms that are changed, between 0 and 1, or a schedule of
            the epoch. Defaults to 1.
        limits: Largest widths and warp for each class, `{label: number}` for all three or
            `{label: {argument: number}}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> operation = kerasreg.augment.SpecAugment(15, 30, fill_value="mean")
        >>> augmenter = kerasreg.augment.Augmenter([operation], seed=1)
        >>> augmenter.apply(np.ones((8, 100, 80), "float32"), index=0).shape
        TensorShape([8, 100, 80])

    Reference:
        Park, Chan, Zhang, Chiu, Zoph, Cubuk, Le 2019, SpecAugment: A Simple Data Augmentation
        Method for Automatic Speech Recognition, arXiv:1904.08779.
    """

    kind = NEIGHBOURHOOD
    part = "audio"
    rank = 2
    strengths = ("max_frequencies", "max_steps", "max_warp")
    neutral: ClassVar = {"max_frequencies": 0.0, "max_steps": 0.0, "max_warp": 0.0}

    def __init__(
        self,
        max_frequencies: float | Schedule = 27,
        max_steps: float | Schedule = 100,
        *,
        max_warp: float | Schedule = 0,
        frequency_masks: int = 1,
        time_masks: int = 1,
        max_step_share: float = 1.0,
        fill_value: float | str = 0.0,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.max_frequencies = strength("max_frequencies", max_frequencies, self, non_negative)
        self.max_steps = strength("max_steps", max_steps, self, non_negative)
        self.max_warp = strength("max_warp", max_warp, self, non_negative)
        self.frequency_masks = _checks.whole("frequency_masks", frequency_masks, self)
        self.time_masks = _checks.whole("time_masks", time_masks, self)
        self.max_step_share = _checks.fraction("max_step_share", max_step_share, self)
        self.fill_value = (
            _checks.choice("fill_value", fill_value, self, ("mean",), "a number")
            if isinstance(fill_value, str)
            else _checks.number("fill_value", fill_value, self)
        )
        self.slots = 2 + 2 * self.frequency_masks + 2 * self.time_masks

    @classmethod
    def from_policy(cls, policy: str, **changes: Any) -> "SpecAugment":
        """Returns a policy of the paper.

        Args:
            policy: "LB", "LD", "SM" or "SS".
            changes: Other arguments, or other values than the policy's.
        """
        arguments = POLICIES[_checks.choice("policy", policy, cls, POLICIES)]
        return cls(**{**arguments, **changes})

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        count = tf.shape(words)[:1]
        shares = _draws.uniform(words, 0.0, 1.0)
        sizes = [1, 1, *[self.frequency_masks] * 2, *[self.time_masks] * 2]
        moment, warp, frequency_width, frequency_place, step_width, step_place = tf.split(
            shares, sizes, axis=1
        )
        largest: Parameters = {
            name: tf.broadcast_to(tf.cast(strengths[name], tf.float32), count)
            for name in self.strengths
        }
        return {
            **largest,
            "warp_shares": tf.concat([moment, 2 * warp - 1], axis=1),
            "frequency_shares": tf.stack([frequency_width, frequency_place], axis=2),
            "step_shares": tf.stack([step_width, step_place], axis=2),
        }

    def passes(self) -> tuple[Pass, ...]:
        return (self._mask,) if self.max_warp == 0 else (self._warp, self._mask)

    def _warp(self, values: tf.Tensor, parameters: Parameters, _: ValueRange) -> tf.Tensor:
        length = length_of(values)
        last = tf.cast(length - 1, tf.float32)
        farthest = tf.minimum(parameters["max_warp"], last / 2)
        moment_share, warp_share = tf.unstack(parameters["warp_shares"], axis=1)
        before = farthest + moment_share * (last - 2 * farthest)
        warp = warp_share * farthest
        after = before + warp
        step = tf.cast(tf.range(length), tf.float32)[None, :]
        before, after = before[:, None], after[:, None]
        place = tf.where(
            step < after,
            tf.math.divide_no_nan(step * before, after),
            last - tf.math.divide_no_nan((last - step) * (last - before), last - after),
        )
        place = tf.clip_by_value(place, 0.0, last)
        lower = tf.floor(place)
        between = along_time(place - lower, values)
        index = tf.cast(lower, tf.int32)
        first = tf.gather(values, index, axis=1, batch_dims=1)
        second = tf.gather(values, tf.minimum(index + 1, length - 1), axis=1, batch_dims=1)
        warped = first + between * (second - first)
        return tf.where(for_each(warp == 0, values), values, warped)

    def _mask(self, values: tf.Tensor, parameters: Parameters, _: ValueRange) -> tf.Tensor:
        steps, frequencies = length_of(values), tf.convert_to_tensor(tf.shape(values)[2])
        # 0.29 of 100 is 28.999998 in float32.
        most = tf.floor(self.max_step_share * tf.cast(steps, tf.float32) + 1e-4)
        of_time = _masked(
            parameters["step_shares"], tf.minimum(parameters["max_steps"], most), steps
        )
        of_frequency = _masked(
            parameters["frequency_shares"], parameters["max_frequencies"], frequencies
        )
        is_masked = tf.logical_or(of_time[:, :, None], of_frequency[:, None, :])
        if values.shape.rank == 4:
            is_masked = is_masked[..., None]
        return tf.where(is_masked, self._filling(values), values)

    def _filling(self, values: tf.Tensor) -> Any:
        if self.fill_value != "mean":
            return tf.constant(self.fill_value, tf.float32)
        return tf.reduce_mean(values, axis=list(range(1, values.shape.rank)), keepdims=True)

    def get_config(self) -> dict[str, Any]:
        return {
            **{name: saved_strength(getattr(self, name)) for name in self.strengths},
            "frequency_masks": self.frequency_masks,
            "time_masks": self.time_masks,
            "max_step_share": self.max_step_share,
            "fill_value": self.fill_value,
            **super().get_config(),
        }


def _masked(shares: tf.Tensor, largest: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """Returns which places of an axis are masked, `(examples, length)`.

    Args:
        shares: Uniform numbers `(examples, masks, 2)`, of the width and the place of each mask.
        largest: Largest width in each example.
        length: Length of the axis.
    """
    length = tf.cast(length, tf.float32)
    largest = tf.floor(tf.minimum(largest, length))[:, None]
    width = _whole(shares[..., 0], largest)
    start = _whole(shares[..., 1], length - width)
    place = tf.range(length)[None, None, :]
    inside = tf.logical_and(place >= start[..., None], place < (start + width)[..., None])
    return tf.reduce_any(inside, axis=1)


def _whole(shares: tf.Tensor, largest: tf.Tensor) -> tf.Tensor:
    """Returns integers from 0 to `largest` as floats, all with the same probability."""
    return tf.minimum(tf.floor(shares * (largest + 1)), largest)
