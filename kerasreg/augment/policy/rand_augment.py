"""RandAugment."""

from typing import Any

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._span import ends
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.operation import Parameters
from kerasreg.augment.policy._chain import Chain
from kerasreg.augment.policy._levels import MAX_MAGNITUDE, STANDARD, by_step, magnitude_span
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength


@register
class RandAugment(Chain):
    """RandAugment.

    Each image goes through `count` operations, each drawn anew from 14, all as likely, the same one
    possibly twice: identity, shear and translation along x and y, rotation, brightness, color,
    contrast, sharpness, posterization, solarization, automatic contrast, equalization. One
    magnitude M from 0 to 10 sets them all: shears by 0.03 M, translations by 0.045 M of the size,
    rotations by 3 M degrees, each to either side; factors 1 + 0.09 M or 1 - 0.09 M for the four
    enhancements; `8 - 0.4 M` bits, rounded; values above `1 - 0.1 M` of the range inverted.

    Every image draws its own operations, which are computed for the images that drew them; moves
    that follow each other are resampled once. `interpolation` and `fill_value` are the
    `Augmenter`'s; the authors fill with gray, (125, 123, 114) in ImageNet.

    Labels: safe where turning by 3 M degrees and shearing are; limit the magnitude of digits and
    letters that turn into each other.

    Differs from the authors' code, in which posterization and solarization are the weaker the
    larger M is, enhancements make dark and dull only for small M, translations are in pixels, and
    some operations are others; this is torchvision's table, where 0 to 30 stands for 0 to 10.
    (Magnitude 0.5 of Keras' layer is 5 here.)

    Args:
        count: How many operations follow each other, N in the paper, an integer of at least 1.
            Defaults to 2.
        magnitude: M in the paper, a number between 0 and 10, a `(low, high)` range from which each
            operation draws, or a schedule of the epoch. Defaults to 9; small models and images
            want less.
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest magnitude for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.RandAugment(2, 5)], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 3), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 3])

    Reference:
        Cubuk, Zoph, Shlens, Le 2020, RandAugment: Practical Automated Data Augmentation with a
        Reduced Search Space, arXiv:1909.13719.
    """

    strengths = ("magnitude",)
    names = STANDARD.names

    def __init__(
        self,
        count: int = 2,
        magnitude: float | tuple[float, float] | Schedule = 9.0,
        *,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.count = _checks.whole("count", count, self, low=1)
        self.magnitude = magnitude_span("magnitude", magnitude, self)
        self.steps = self.count
        self.slots = 3 * self.count

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        which, how_much, sign = tf.split(words, 3, axis=1)
        operation = STANDARD.drawn(which)
        low, high = (by_step(each) for each in ends(strengths["magnitude"]))
        level = _draws.uniform(how_much, low, high) / MAX_MAGNITUDE
        return {"operation": operation, "amount": STANDARD.amounts(operation, level, sign)}

    def get_config(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "magnitude": saved_strength(self.magnitude),
            **super().get_config(),
        }
