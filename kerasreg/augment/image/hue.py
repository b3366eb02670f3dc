"""Random hue."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.image._photometric import turned_hue
from kerasreg.augment.operation import PIXELWISE, Operation, Parameters, ValueRange
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength


@register
class Hue(Operation):
    """Random hue.

    In each image all hues are turned around the circle of colors by an angle drawn uniformly from
    `[-max_degrees, max_degrees]`: red becomes green at 120. Lightness and saturation, as in HSV,
    stay. Images of other than three channels have no hue, and stay.
    Refers to the range of the values: 0 to 255 for images of uint8, else the `Augmenter`'s
    `value_range`.

    Labels: safe where the classes are not told apart by color.

    Differs from the paper in that all angles of the range are alike.

    Args:
        max_degrees: Largest angle to either side, in degrees, between 0 and 180, or a schedule of
            the epoch.
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest angle for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Hue(20)], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 3), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 3])

    Reference:
        Chen, Kornblith, Norouzi, Hinton 2020, A Simple Framework for Contrastive Learning of Visual
        Representations, arXiv:2002.05709.
    """

    kind = PIXELWISE
    needs_range = True
    strengths = ("max_degrees",)
    neutral: ClassVar = {"degrees": 0.0}

    def __init__(
        self, max_degrees: float | Schedule, *, probability: Any = 1.0, limits: Any = None
    ):
        super().__init__(probability=probability, limits=limits)
        self.max_degrees = strength("max_degrees", max_degrees, self, _degrees)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        limit = strengths["max_degrees"]
        return {"degrees": _draws.uniform(words[:, 0], -limit, limit)}

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        assert value_range is not None
        degrees, channels = parameters["degrees"], images.shape[-1]
        if channels is None:
            return tf.cond(
                tf.shape(images)[-1] == 3,
                lambda: tf.ensure_shape(turned_hue(images, degrees, value_range), images.shape),
                lambda: images,
            )
        return turned_hue(images, degrees, value_range) if channels == 3 else images

    def get_config(self) -> dict[str, Any]:
        return {"max_degrees": saved_strength(self.max_degrees), **super().get_config()}


def _degrees(name: str, value: Any, owner: object) -> float:
    return _checks.number(name, value, owner, low=0, high=180)
