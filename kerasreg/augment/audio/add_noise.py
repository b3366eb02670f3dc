"""Noise added at a signal-to-noise ratio."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._span import ends, span
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.audio import _recordings
from kerasreg.augment.audio._examples import along_time, for_each, length_of
from kerasreg.augment.operation import (
    NEIGHBOURHOOD,
    PIXELWISE,
    Operation,
    Parameters,
    ValueRange,
)
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength

FALL = {"white": 0, "pink": 1, "brown": 2}


@register
class AddNoise(Operation):
    """Additive noise at a signal-to-noise ratio.

    Each waveform x gets noise n, `y = x + n * sqrt(P(x) / P(n)) * 10 ** (-snr_db / 20)`, where P is
    the mean square over the whole example, of the noise that was drawn as well: the ratio of the
    powers is `snr_db` decibels exactly, in every example. With `snr_db=(low, high)` each draws
    its own. Pauses and padding count in P(x). Silence stays silence: it has no ratio.

    Noise is "white" (normal numbers, the same power at all frequencies), "pink" (power falls with
    1/f, as in many natural sounds), "brown" (1/f**2), each channel with its own; or an excerpt of
    given recordings (a room, a street, babble), the same on all channels: it starts anywhere, each
    sample being as likely, and goes round at the end of its recording.

    Labels: safe while a person still understands the words: down to about 0 dB.

    Differs from the paper in that the ratio is given, where it adds sounds as loud as they are.

    Args:
        snr_db: Power of the waveform over that of the noise, in decibels, a number or a
            `(low, high)` range of numbers, or a schedule of the epoch. 20 is faint noise; at 0 it
            is as loud as the speech.
        noise: "white", "pink", "brown", or recordings of noise at the sampling rate of the
            waveforms: an array `(samples,)` or `(recordings, samples)`, or a list of arrays or
            lists, which may differ in length. Recordings are saved with the configuration. Defaults
            to "white".
        probability: Share of the waveforms that get noise, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Smallest ratio for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range, a range out of order, or a recording empty.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.AddNoise((0, 20))], seed=1)
        >>> augmenter.apply(np.ones((8, 16000), "float32"), index=0).shape
        TensorShape([8, 16000])

    Reference:
        Hannun, Case, Casper, Catanzaro, Diamos, Elsen, Prenger, Satheesh, Sengupta, Coates, Ng
        2014, Deep Speech: Scaling up end-to-end speech recognition, arXiv:1412.5567.
    """

    part = "audio"
    rank = 1
    slots = 3
    strengths = ("snr_db",)
    weaker_above = ("snr_db",)
    neutral: ClassVar = {"snr_db": float("inf")}

    def __init__(
        self,
        snr_db: float | tuple[float, float] | Schedule,
        *,
        noise: str | np.ndarray | Sequence[Any] = "white",
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.snr_db = span("snr_db", snr_db, self, _checks.number)
        self.noise = noise
        self._recordings, self._fall = None, 0
        if isinstance(noise, str):
            self._fall = FALL[_checks.choice("noise", noise, self, FALL, "recordings of noise")]
        else:
            self._recordings = _recordings.Recordings("noise", noise, self)
        self.kind = NEIGHBOURHOOD if self._recordings or self._fall else PIXELWISE

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        return {
            "snr_db": _draws.uniform(words[:, 0], *ends(strengths["snr_db"])),
            "key": words[:, 1:3],
        }

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        noise = self._noise(images, parameters["key"])
        ratio = tf.math.divide_no_nan(_power(images), _power(noise))
        factor = tf.sqrt(ratio) * tf.pow(10.0, -parameters["snr_db"] / 20)
        return images + noise * for_each(factor, images)

    def _noise(self, waveforms: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        if self._recordings is not None:
            excerpts = self._recordings.excerpts(key[:, 0], length_of(waveforms))
            return along_time(excerpts, waveforms)
        white = _draws.normal(_draws.pixel_words(key, tf.shape(waveforms)))
        return white if self._fall == 0 else _coloured(white, self._fall)

    def get_config(self) -> dict[str, Any]:
        noise = self.noise if self._recordings is None else _recordings.saved(self.noise)
        return {"snr_db": saved_strength(self.snr_db), "noise": noise, **super().get_config()}


def _power(values: tf.Tensor) -> tf.Tensor:
    """Returns the mean square of each example."""
    return tf.reduce_mean(tf.square(values), axis=list(range(1, values.shape.rank)))


def _coloured(white: tf.Tensor, fall: int) -> tf.Tensor:
    """Returns noise whose power falls with a power of the frequency, without a constant part."""
    length = length_of(white)
    order = [0, 2, 1] if white.shape.rank == 3 else [0, 1]
    spectrum = tf.signal.rfft(tf.transpose(white, order))
    frequency = tf.cast(tf.range(length // 2 + 1), tf.float32)
    gain = tf.where(frequency > 0, tf.pow(tf.maximum(frequency, 1.0), -fall / 2), 0.0)
    made = tf.signal.irfft(spectrum * tf.cast(gain, tf.complex64), [length])
    return tf.transpose(made, order)
