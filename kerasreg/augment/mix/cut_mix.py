"""Images with a piece of another one."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg._register import register
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.mix import _blend, _drawn, _labels
from kerasreg.augment.operation import MIXING, Operation, Parameters, ValueRange
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength


@register
class CutMix(Operation):
    """CutMix.

    A window of each image i of a batch is filled with what another image j has in that place. With
    `m ~ Beta(alpha, alpha)` the window has sides of `sqrt(1 - m)` times those of the image, cut to
    whole pixels, and a middle that is any pixel, and is cut at the edges; labels are mixed by the
    share of the pixels that image i keeps, which is counted:

        y = s * y_i + (1 - s) * y_j,    s = 1 - pixels of the window / pixels of the image

    Every image has a window of its own. The partners follow each other in one random cycle through
    the batch, so that no image is its own (but in a batch of one, which stays as it is). Which
    images are paired hangs on the batch; all else on the image alone.

    Labels that are vectors are mixed as they are, and so are floats. Numbers of classes become
    vectors of size `classes`, also with `training=False`, for `CategoricalCrossentropy`. Masks get
    the same window of their partner's, and stay what they are. Where there are boxes, labels have
    to be the boxes', `(images, boxes)` or with a vector each: an image keeps the smallest boxes
    around what is left of its own, gets those of its partner cut to the window, and the labels of
    both; boxes of which nothing is left become zeros, as all boxes that are none.

    Differs from the paper, which does not say that the window is cut at the edges and the share
    counted; the authors' code does both, with one window for the whole batch.

    Args:
        alpha: Parameter of the Beta distribution, a number of at least 0 or a schedule of the
            epoch; 0 mixes nothing. Defaults to 1, the paper's: every share is as likely.
        classes: Number of classes, needed where labels are numbers of classes. Defaults to None.
        probability: Share of the images that are mixed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1; the authors take 0.5 for CIFAR.
        limits: Largest alpha for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range; at the data set, if there are no batches,
            no labels, or labels that cannot be mixed.

    Example:
        >>> import kerasreg, numpy as np
        >>> cut_mix = kerasreg.augment.CutMix(classes=10, probability=0.5)
        >>> augmenter = kerasreg.augment.Augmenter([cut_mix], seed=1)
        >>> images, labels = np.ones((8, 28, 28, 1), "uint8"), np.arange(8)
        >>> augmenter.apply((images, labels), index=0)[1].shape
        TensorShape([8, 10])

    Reference:
        Yun, Han, Oh, Chun, Choe, Yoo 2019, CutMix: Regularization Strategy to Train Strong
        Classifiers with Localizable Features, arXiv:1905.04899.
    """

    kind = MIXING
    slots = 5
    strengths = ("alpha",)
    neutral: ClassVar = {"share": 1.0}

    def __init__(
        self,
        alpha: float | Schedule = 1.0,
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
            "middle": _drawn.places(words[:, 3:5]),
        }

    def check_batch(self, parts: dict[str, Any]) -> None:
        _labels.check(parts, self.classes, self, soft_masks=False)

    def mix(
        self, batch: dict[str, tf.Tensor], parameters: Parameters, value_range: ValueRange
    ) -> dict[str, tf.Tensor]:
        region = _blend.window(batch["image"], parameters["middle"], parameters["share"])
        inside = tf.zeros_like(parameters["share"])
        blend = _blend.Blend(parameters["partner"], inside, region)
        return _blend.mixed(batch, blend, self.classes, soft_masks=False)

    def get_config(self) -> dict[str, Any]:
        return {
            "alpha": saved_strength(self.alpha),
            "classes": self.classes,
            **super().get_config(),
        }
