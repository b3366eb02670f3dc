"""Images that are averages of two."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg._register import register
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.mix import _blend, _drawn, _labels
from kerasreg.augment.operation import MIXING, Operation, Parameters, ValueRange
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength


@register
class MixUp(Operation):
    """Mixup.

    Each image i of a batch is averaged with another one j, and their labels likewise:

        x = m * x_i + (1 - m) * x_j,    y = m * y_i + (1 - m) * y_j,    m ~ Beta(alpha, alpha)

    Every image has an m of its own. The partners follow each other in one random cycle through the
    batch, so that no image is its own (but in a batch of one, which stays as it is). Which images
    are paired hangs on the batch; all else on the image alone. The last batches of a data set may
    be small: `drop_remainder=True` where it matters.

    Labels that are vectors are mixed as they are, and so are floats: the targets of a regression,
    or 0.0 and 1.0 for a sigmoid. Numbers of classes become vectors of size `classes`, also with
    `training=False`, for `CategoricalCrossentropy`. Sample weights stay where they are.

    Masks that are floats are averaged like the labels; masks of class numbers become vectors along
    the last axis, zeros for what is no class (void). Where there are boxes, each image gets those
    of both, and labels have to be the boxes', `(images, boxes)` or with a vector each: the
    partner's follow its own. A box counts in full, whatever m; boxes of zeros are none.

    Differs from the authors' code, where all pairs of a batch have one m.

    Args:
        alpha: Parameter of the Beta distribution, a number of at least 0 or a schedule of the
            epoch. Near 0 most images stay nearly themselves, at 1 every m is as likely; 0 mixes
            nothing. Defaults to 0.2; the paper takes 0.1 to 0.4 for ImageNet and 1 for CIFAR.
        classes: Number of classes, needed where labels or masks are numbers of classes. Defaults
            to None.
        probability: Share of the images that are mixed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest alpha for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range; at the data set, if there are no batches,
            no labels, or labels that cannot be mixed.

    Example:
        >>> import kerasreg, numpy as np
        >>> mix_up = kerasreg.augment.MixUp(0.2, classes=10)
        >>> augmenter = kerasreg.augment.Augmenter([mix_up], seed=1)
        >>> images, labels = np.ones((8, 28, 28, 1), "uint8"), np.arange(8)
        >>> augmenter.apply((images, labels), index=0)[1].shape
        TensorShape([8, 10])

    Reference:
        Zhang, Cisse, Dauphin, Lopez-Paz 2018, mixup: Beyond Empirical Risk Minimization,
        arXiv:1710.09412.
    """

    kind = MIXING
    slots = 3
    strengths = ("alpha",)
    neutral: ClassVar = {"share": 1.0}

    def __init__(
        self,
        alpha: float | Schedule = 0.2,
        *,
        classes: int | None = None,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.alpha = strength("alpha", alpha, self, _drawn.alpha)
        self.classes = _labels.checked_classes(classes, self)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        return {
            "partner": _drawn.partners(words[:, 0]),
            "share": _drawn.shares(words[:, 1:3], strengths["alpha"]),
        }

    def check_batch(self, parts: dict[str, Any]) -> None:
        _labels.check(parts, self.classes, self)

    def mix(
        self, batch: dict[str, tf.Tensor], parameters: Parameters, value_range: ValueRange
    ) -> dict[str, tf.Tensor]:
        region = _blend.whole(batch["image"])
        blend = _blend.Blend(parameters["partner"], parameters["share"], region)
        return _blend.mixed(batch, blend, self.classes)

    def get_config(self) -> dict[str, Any]:
        return {
            "alpha": saved_strength(self.alpha),
            "classes": self.classes,
            **super().get_config(),
        }
