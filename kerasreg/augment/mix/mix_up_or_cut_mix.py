"""Images that are averages of two, or have a piece of another one."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.mix import _blend, _drawn, _labels
from kerasreg.augment.operation import MIXING, Operation, Parameters, ValueRange
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength


@register
class MixUpOrCutMix(Operation):
    """Mixup or CutMix, drawn for each image.

    Each image of a batch is mixed with another one, by CutMix with the probability
    `cut_mix_share` and else by mixup. See `MixUp` and `CutMix` for what they do and for labels,
    masks and boxes, of which masks and labels are treated as by `MixUp`. Both are one pass over the
    images.

    Differs from the authors' recipe, which draws for the batch as a whole.

    Args:
        mix_up_alpha: Parameter of mixup's Beta distribution, a number of at least 0 or a schedule
            of the epoch; 0 mixes nothing. Defaults to 0.8, as in the paper.
        cut_mix_alpha: The same for CutMix. Defaults to 1, as in the paper.
        cut_mix_share: How many of the mixed images are mixed by CutMix, between 0 and 1. Defaults
            to 0.5, as in the paper.
        classes: Number of classes, needed where labels or masks are numbers of classes. Defaults
            to None.
        probability: Share of the images that are mixed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest values for each class, `{label: {argument: number}}`; a single number
            holds for both alphas. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range; at the data set, if there are no batches,
            no labels, or labels that cannot be mixed.

    Example:
        >>> import kerasreg, numpy as np
        >>> mix = kerasreg.augment.MixUpOrCutMix(classes=10)
        >>> augmenter = kerasreg.augment.Augmenter([mix], seed=1)
        >>> images, labels = np.ones((8, 28, 28, 1), "uint8"), np.arange(8)
        >>> augmenter.apply((images, labels), index=0)[1].shape
        TensorShape([8, 10])

    Reference:
        Touvron, Cord, Douze, Massa, Sablayrolles, Jegou 2021, Training Data-Efficient Image
        Transformers and Distillation through Attention, arXiv:2012.12877.
    """

    kind = MIXING
    slots = 6
    strengths = ("mix_up_alpha", "cut_mix_alpha")
    neutral: ClassVar = {"share": 1.0}

    def __init__(
        self,
        mix_up_alpha: float | Schedule = 0.8,
        cut_mix_alpha: float | Schedule = 1.0,
        *,
        cut_mix_share: float = 0.5,
        classes: int | None = None,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.mix_up_alpha = strength("mix_up_alpha", mix_up_alpha, self, _drawn.alpha)
        self.cut_mix_alpha = strength("cut_mix_alpha", cut_mix_alpha, self, _drawn.alpha)
        self.cut_mix_share = _checks.fraction("cut_mix_share", cut_mix_share, self)
        self.classes = _labels.checked_classes(classes, self)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        is_cut = _draws.happens(words[:, 5], self.cut_mix_share)
        alpha = tf.where(is_cut, strengths["cut_mix_alpha"], strengths["mix_up_alpha"])
        return {
            "partner": _drawn.partners(words[:, 0]),
            "share": _drawn.shares(words[:, 1:3], alpha),
            "middle": _drawn.places(words[:, 3:5]),
            "is_cut": is_cut,
        }

    def check_batch(self, parts: dict[str, Any]) -> None:
        _labels.check(parts, self.classes, self)

    def mix(
        self, batch: dict[str, tf.Tensor], parameters: Parameters, value_range: ValueRange
    ) -> dict[str, tf.Tensor]:
        images, is_cut, share = batch["image"], parameters["is_cut"], parameters["share"]
        window = _blend.window(images, parameters["middle"], share)
        region = tf.where(is_cut[:, None], window, _blend.whole(images))
        inside = tf.where(is_cut, 0.0, share)
        blend = _blend.Blend(parameters["partner"], inside, region)
        return _blend.mixed(batch, blend, self.classes)

    def get_config(self) -> dict[str, Any]:
        return {
            "mix_up_alpha": saved_strength(self.mix_up_alpha),
            "cut_mix_alpha": saved_strength(self.cut_mix_alpha),
            "cut_mix_share": self.cut_mix_share,
            "classes": self.classes,
            **super().get_config(),
        }
