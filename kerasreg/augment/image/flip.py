"""Mirror images."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.image import _affine
from kerasreg.augment.operation import GEOMETRIC, Operation, Parameters
from kerasreg.schedules import Schedule

DIRECTIONS = ("horizontal", "vertical")


@register
class Flip(Operation):
    """Random flip.

    Each image is mirrored with `probability`: left and right change places, or, for "vertical", top
    and bottom. No value is interpolated. For both directions, each by itself, use two of them.

    Labels: safe while a class stays itself. Flips turn b into d and p into q (left to right), b
    into p and 6 into something like a mirrored 9 (top to bottom); text, traffic signs and organs
    have a side. `limits={label: 0}` leaves a class alone.

    No known difference from the paper.

    Args:
        direction: "horizontal" (left and right change places) or "vertical" (top and bottom do).
            Defaults to "horizontal".
        probability: Share of the images that are mirrored, between 0 and 1, or a schedule of the
            epoch. Defaults to 0.5.
        limits: Largest probability for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter(
        ...     [kerasreg.augment.Flip(probability=1)], seed=1
        ... )
        >>> image = np.arange(4, dtype="float32").reshape(1, 1, 4, 1)
        >>> augmenter.apply(image, index=0).numpy().ravel().tolist()
        [3.0, 2.0, 1.0, 0.0]

    Reference:
        Krizhevsky, Sutskever, Hinton 2012, ImageNet Classification with Deep Convolutional Neural
        Networks, NeurIPS.
    """

    kind = GEOMETRIC
    neutral: ClassVar = {"is_flipped": False}

    def __init__(
        self,
        direction: str = "horizontal",
        *,
        probability: float | Schedule = 0.5,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.direction = _checks.choice("direction", direction, self, DIRECTIONS)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        return {"is_flipped": tf.ones(tf.shape(words)[:1], tf.bool)}

    def matrix(self, parameters: Parameters, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
        sign = tf.where(parameters["is_flipped"], -1.0, 1.0)
        if self.direction == "horizontal":
            return _affine.scaling(sign, tf.ones_like(sign))
        return _affine.scaling(tf.ones_like(sign), sign)

    def get_config(self) -> dict[str, Any]:
        return {"direction": self.direction, **super().get_config()}
