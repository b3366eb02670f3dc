"""One rectangle of an image is erased."""

import math
from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._span import ends, span
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.image._erased import erased, rectangles
from kerasreg.augment.operation import PIXELWISE, Operation, Parameters, ValueRange
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength


@register
class RandomErasing(Operation):
    """Random erasing: one rectangle of the image is filled.

    In each image a rectangle is filled that lies within it, at a place drawn uniformly; its area
    is a part of the image's drawn uniformly from `area`, the ratio of its height to its width
    drawn from `aspect`, uniformly in the logarithm, or the nearest to it with which the rectangle
    fits. Sides are rounded to whole pixels. Masks and boxes stay as they are.

    Labels: safe while enough of the object is left.

    Differs from the paper in three ways: the paper draws the ratio itself uniformly, draws again
    where a rectangle does not fit, and erases half of the images (`probability=0.5`).

    Args:
        area: Part of the image, between 0 and 1: a `(low, high)` range, a number, or a schedule of
            the epoch. Defaults to (0.02, 0.4).
        aspect: `(low, high)` range of height by width, finite numbers above 0. Defaults to
            (0.3, 1 / 0.3).
        fill: "noise" for random values, uniform over the range of the values, or a number in the
            units of the values. Defaults to "noise", which the paper found best.
        probability: Share of the images that are erased, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest area for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range, or a range out of order.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.RandomErasing()], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 3), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 3])

    Reference:
        Zhong, Zheng, Kang, Li, Yang 2017, Random Erasing Data Augmentation, arXiv:1708.04896.
    """

    kind = PIXELWISE
    slots = 6
    strengths = ("area",)
    neutral: ClassVar = {"area": 0.0}

    def __init__(
        self,
        area: float | tuple[float, float] | Schedule = (0.02, 0.4),
        *,
        aspect: tuple[float, float] = (0.3, 1 / 0.3),
        fill: float | str = "noise",
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.area = span("area", area, self)
        if ends(self.area)[1] > 1:
            _checks.refuse("area", area, self, "parts of the image between 0 and 1")
        self.aspect = _checks.many("aspect", aspect, self, 2, _checks.positive, broadcast=False)
        if self.aspect[0] > self.aspect[1]:
            _checks.refuse("aspect", aspect, self, "(low, high) with low not above high")
        is_noise = isinstance(fill, str)
        self.fill = (
            _checks.choice("fill", fill, self, ("noise",), "a number")
            if is_noise
            else _checks.number("fill", fill, self)
        )
        self.needs_range = is_noise

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        low, high = (math.log(each) for each in self.aspect)
        return {
            "area": _draws.uniform(words[:, 0], *ends(strengths["area"])),
            "aspect": tf.exp(_draws.uniform(words[:, 1], low, high)),
            "place": _draws.uniform(words[:, 2:4], 0.0, 1.0),
            "key": words[:, 4:6],
        }

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        shape = tf.shape(images)
        size = tf.cast(shape[1:3], tf.float32)
        area, shape_of_image = parameters["area"], size[0] / size[1]
        pixels = area * size[0] * size[1]
        # The ratio nearest to the one drawn with which so large a rectangle fits.
        aspect = tf.maximum(parameters["aspect"], area * shape_of_image)
        aspect = tf.minimum(aspect, tf.math.divide_no_nan(shape_of_image, area))
        aspect = tf.where(area > 0, aspect, 1.0)
        sides = tf.stack([tf.sqrt(pixels * aspect), tf.sqrt(pixels / aspect)], axis=1)
        # An area that is not 0 takes a pixel at least.
        least = tf.cast(area > 0, tf.float32)[:, None]
        sides = tf.minimum(tf.maximum(tf.round(sides), least), size)
        start = tf.floor(parameters["place"] * (size - sides + 1))
        inside = rectangles(start, start + sides, shape)
        fill: Any = self.fill
        if self.fill == "noise":
            assert value_range is not None
            words = _draws.pixel_words(parameters["key"], shape)
            fill = _draws.uniform(words, *value_range)
        return erased(images, inside, fill)

    def get_config(self) -> dict[str, Any]:
        return {
            "area": saved_strength(self.area),
            "aspect": self.aspect,
            "fill": self.fill,
            **super().get_config(),
        }
