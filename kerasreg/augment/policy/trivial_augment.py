"""TrivialAugment."""

from typing import Any

import tensorflow as tf

from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.operation import Parameters
from kerasreg.augment.policy._chain import Chain
from kerasreg.augment.policy._levels import MAX_MAGNITUDE, WIDE, by_step, magnitude
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength

LEVELS = 31


@register
class TrivialAugment(Chain):
    """TrivialAugment (wide).

    Each image goes through one operation, drawn from 14, at a level drawn from 0, 1, ..., 30, all
    as likely: nothing to tune. At level 30 shears are 0.99, translations 32 pixels, rotations 135
    degrees, each to either side, the factors of brightness, color, contrast and sharpness 0.01 or
    1.99, a posterization leaves 2 bits, a solarization inverts everything; automatic contrast and
    equalization have no level, and identity does nothing.

    Every image draws its own operation, which is computed for the images that drew it only.
    Interpolation and what fills the outside are the `Augmenter`'s.

    Labels: for photographs; rotations of 135 degrees and translations of 32 pixels are too much
    for digits, letters and images of 28 pixels, where `max_magnitude` or limits help.

    No known difference from the paper; bits are rounded as in torchvision.

    Args:
        max_magnitude: Magnitude of level 30, between 0 and 10 or a schedule of the epoch. Defaults
            to 10: all that is said above.
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest `max_magnitude` for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.TrivialAugment()], seed=1)
        >>> augmenter.apply(np.ones((8, 32, 32, 3), "uint8"), index=0).shape
        TensorShape([8, 32, 32, 3])

    Reference:
        Mueller, Hutter 2021, TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation,
        arXiv:2103.10158.
    """

    slots = 3
    strengths = ("max_magnitude",)
    names = WIDE.names

    def __init__(
        self,
        *,
        max_magnitude: float | Schedule = MAX_MAGNITUDE,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.max_magnitude = strength("max_magnitude", max_magnitude, self, magnitude)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        which, how_much, sign = tf.split(words, 3, axis=1)
        operation = WIDE.drawn(which)
        number = tf.cast(how_much, tf.int64) * LEVELS // _draws.WORD_VALUES
        level = tf.cast(number, tf.float32) / (LEVELS - 1)
        level = level * by_step(strengths["max_magnitude"]) / MAX_MAGNITUDE
        return {"operation": operation, "amount": WIDE.amounts(operation, level, sign)}

    def get_config(self) -> dict[str, Any]:
        return {"max_magnitude": saved_strength(self.max_magnitude), **super().get_config()}
