"""A grid of squares is erased."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._span import ends
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.image._erased import erased
from kerasreg.augment.operation import PIXELWISE, Operation, Parameters, ValueRange
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength


@register
class GridMask(Operation):
    """GridMask: squares at the knots of a grid are filled.

    In each image the squares of a regular grid are filled. The period of the grid is a part of
    the image's shorter side drawn uniformly from `period`, the squares' sides are `ratio` times the
    period, and the grid starts at a place drawn uniformly, row and column. Period and sides are
    whole numbers of pixels, at least 2 and 1. So `ratio**2` of the image is erased, about. Masks
    and boxes stay as they are.

    Labels: safe while enough of the object is left between the squares.

    Differs from the paper in two ways: `ratio` is the part that is erased (the paper's r is the
    part that is kept), and the grid is not turned (put `Rotate` before it for that).

    Args:
        ratio: Side of a square as a part of the period, between 0 and 1, or a schedule of the
            epoch; the paper lets the `probability` grow with the epochs. Defaults to 0.5.
        period: `(low, high)` range of the period as a part of the image's shorter side, numbers
            above 0 and not above 1. Defaults to (0.4, 1.0).
        fill_value: What the pixels become, in the units of the values. Defaults to 0.
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest ratio for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range, or a range out of order.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.GridMask()], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 3), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 3])

    Reference:
        Chen, Liu, Zhao, Jia 2020, GridMask Data Augmentation, arXiv:2001.04086.
    """

    kind = PIXELWISE
    slots = 3
    strengths = ("ratio",)
    neutral: ClassVar = {"ratio": 0.0}

    def __init__(
        self,
        ratio: float | Schedule = 0.5,
        *,
        period: tuple[float, float] = (0.4, 1.0),
        fill_value: float = 0.0,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.ratio = strength("ratio", ratio, self, _checks.fraction)
        self.period = _checks.many("period", period, self, 2, _checks.positive, broadcast=False)
        if not self.period[0] <= self.period[1] <= 1:
            _checks.refuse("period", period, self, "(low, high) with low <= high <= 1")
        self.fill_value = _checks.number("fill_value", fill_value, self)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        ratio = tf.cast(strengths["ratio"], tf.float32)
        return {
            "ratio": tf.broadcast_to(ratio, tf.shape(words)[:1]),
            "period": _draws.uniform(words[:, 0], *ends(self.period)),
            "start": _draws.uniform(words[:, 1:], 0.0, 1.0),
        }

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        shape = tf.shape(images)
        shorter = tf.cast(tf.minimum(shape[1], shape[2]), tf.float32)
        period = tf.maximum(tf.round(parameters["period"] * shorter), 2)[:, None]
        side = tf.round(parameters["ratio"][:, None] * period)
        side = tf.where(parameters["ratio"][:, None] > 0, tf.maximum(side, 1), 0)
        start = tf.floor(parameters["start"] * period)
        rows, columns = (tf.range(tf.cast(shape[axis], tf.float32)) for axis in (1, 2))
        down = tf.math.floormod(rows + start[:, :1], period) < side
        across = tf.math.floormod(columns + start[:, 1:], period) < side
        inside = tf.logical_and(down[:, :, None], across[:, None])[..., None]
        return erased(images, inside, self.fill_value)

    def get_config(self) -> dict[str, Any]:
        return {
            "ratio": saved_strength(self.ratio),
            "period": self.period,
            "fill_value": self.fill_value,
            **super().get_config(),
        }
