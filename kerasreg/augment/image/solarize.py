"""Random solarization."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.image._photometric import solarize
from kerasreg.augment.operation import PIXELWISE, Operation, Parameters, ValueRange
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength


@register
class Solarize(Operation):
    """Random solarization: bright values are inverted.

    In each image the values within the upper part of the range are mirrored, `y = low + high - x`;
    how large that part is is drawn uniformly from `[0, max_share]`. 1 inverts the whole image.
    Refers to the range of the values: 0 to 255 for images of uint8, else the `Augmenter`'s
    `value_range`.

    Labels: safe where bright and dark may be exchanged.

    Differs from the paper in that the threshold is drawn from a range, not from ten values.

    Args:
        max_share: Largest part of the range that is mirrored, between 0 and 1, or a schedule of the
            epoch.
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest share for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Solarize(0.5)], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 3), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 3])

    Reference:
        Cubuk, Zoph, Mane, Vasudevan, Le 2019, AutoAugment: Learning Augmentation Strategies from
        Data, arXiv:1805.09501.
    """

    kind = PIXELWISE
    needs_range = True
    strengths = ("max_share",)
    neutral: ClassVar = {"share": 0.0}

    def __init__(self, max_share: float | Schedule, *, probability: Any = 1.0, limits: Any = None):
        super().__init__(probability=probability, limits=limits)
        self.max_share = strength("max_share", max_share, self, _checks.fraction)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        return {"share": _draws.uniform(words[:, 0], 0.0, strengths["max_share"])}

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        assert value_range is not None
        share = parameters["share"]
        # Above 1 nothing is bright enough, not even the highest value.
        threshold = tf.where(share > 0, 1 - share, 2.0)
        return solarize(images, threshold, value_range)

    def get_config(self) -> dict[str, Any]:
        return {"max_share": saved_strength(self.max_share), **super().get_config()}
