"""Enlarge or reduce images about their centre."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.image import _affine
from kerasreg.augment.operation import GEOMETRIC, Operation, Parameters
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength


@register
class Zoom(Operation):
    """Random zoom.

    Each image is drawn larger or smaller, about its centre, by a factor drawn uniformly from
    `[1 - max_out_fraction, 1 + max_in_fraction]`: 1.2 shows everything a fifth larger and loses
    the borders, 0.8 shows it a fifth smaller and leaves a margin. Interpolation and what fills the
    margin are the `Augmenter`'s; every value is read between its nearest pixels, without
    a filter for much smaller images.

    Labels: safe while the object stays in the image and where its size means nothing.

    No known difference from the paper, whose crops of a training image at random scales this is,
    with the centre kept.

    Args:
        max_in_fraction: How much larger at most, a fraction of at least 0, or a schedule of the
            epoch. 0.2 stands for a factor of 1.2.
        max_out_fraction: How much smaller at most, a fraction between 0 and 0.99, or a schedule of
            the epoch. 0.2 stands for a factor of 0.8.
        keeps_aspect: Whether width and height have the same factor. If False, each has its own,
            drawn by itself. Defaults to True.
        probability: Share of the images that are zoomed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest fraction for each class, `{label: number}` for both directions or
            `{label: {argument: number}}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Zoom(0.2, 0.2)], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 1), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 1])

    Reference:
        Simonyan, Zisserman 2015, Very Deep Convolutional Networks for Large-Scale Image
        Recognition, arXiv:1409.1556.
    """

    kind = GEOMETRIC
    slots = 2
    strengths = ("max_in_fraction", "max_out_fraction")
    neutral: ClassVar = {"horizontal_factor": 1.0, "vertical_factor": 1.0}

    def __init__(
        self,
        max_in_fraction: float | Schedule,
        max_out_fraction: float | Schedule,
        *,
        keeps_aspect: bool = True,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.max_in_fraction = strength("max_in_fraction", max_in_fraction, self, enlargement)
        self.max_out_fraction = strength("max_out_fraction", max_out_fraction, self, reduction)
        self.keeps_aspect = _checks.boolean("keeps_aspect", keeps_aspect, self)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        low, high = 1 - strengths["max_out_fraction"], 1 + strengths["max_in_fraction"]
        horizontal = _draws.uniform(words[:, 0], low, high)
        vertical = horizontal if self.keeps_aspect else _draws.uniform(words[:, 1], low, high)
        return {"horizontal_factor": horizontal, "vertical_factor": vertical}

    def matrix(self, parameters: Parameters, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
        return _affine.scaling(parameters["horizontal_factor"], parameters["vertical_factor"])

    def get_config(self) -> dict[str, Any]:
        return {
            "max_in_fraction": saved_strength(self.max_in_fraction),
            "max_out_fraction": saved_strength(self.max_out_fraction),
            "keeps_aspect": self.keeps_aspect,
            **super().get_config(),
        }


def enlargement(name: str, value: Any, owner: object) -> float:
    """Returns by which fraction something grows."""
    return _checks.number(name, value, owner, low=0)


def reduction(name: str, value: Any, owner: object) -> float:
    """Returns by which fraction something shrinks, so that something is left of it."""
    return _checks.number(name, value, owner, low=0, high=0.99)
