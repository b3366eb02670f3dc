"""AutoAugment."""

from typing import Any

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.operation import Parameters
from kerasreg.augment.policy._chain import Chain
from kerasreg.augment.policy._levels import AUTO
from kerasreg.augment.policy._published import POLICIES, sub_policies
from kerasreg.augment.policy._table import NAMES

HIGHEST_LEVEL = 9


@register
class AutoAugment(Chain):
    """AutoAugment, with the published policies.

    Each image draws one of the 25 sub-policies that the paper found for a data set, and goes
    through its two operations, each with its own probability, at its own level from 0 to 9. At
    level 9 shears are 0.3, translations 150/331 of the size, rotations 30 degrees, each to either
    side; the factors of brightness, color, contrast and sharpness 0.1 or 1.9; a posterization
    leaves 4 bits, a solarization inverts everything.

    Every operation is computed for the images that drew it only; moves that follow each other are
    resampled once. Interpolation and what fills the outside are the `Augmenter`'s; the authors fill
    with gray.

    Labels: safe for photographs. The policy of house numbers inverts, shears and moves.

    Differs from the authors' code in the enhancements (there by a factor of 0.1 plus 0.18 times the
    level, without a sign) and in the bits of the posterization; this is torchvision's form.

    Args:
        policy: Whose policy: "imagenet" (the default), "cifar10" or "svhn".
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest probability for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> auto = kerasreg.augment.AutoAugment("cifar10")
        >>> augmenter = kerasreg.augment.Augmenter([auto], seed=1)
        >>> augmenter.apply(np.ones((8, 32, 32, 3), "uint8"), index=0).shape
        TensorShape([8, 32, 32, 3])

    Reference:
        Cubuk, Zoph, Mane, Vasudevan, Le 2019, AutoAugment: Learning Augmentation Strategies from
        Data, arXiv:1805.09501.
    """

    slots = 5
    steps = 2

    def __init__(self, policy: str = "imagenet", *, probability: Any = 1.0, limits: Any = None):
        super().__init__(probability=probability, limits=limits)
        self.policy = _checks.choice("policy", policy, self, POLICIES)
        self._sub_policies = sub_policies(self.policy)
        self.names = sorted({name for pair in self._sub_policies for name, _, _ in pair})

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        count = len(self._sub_policies)
        drawn = tf.cast(words[:, 0], tf.int64) * count // _draws.WORD_VALUES

        def of(make: Any) -> tf.Tensor:
            table = [[make(*each) for each in pair] for pair in self._sub_policies]
            return tf.gather(tf.constant(table), drawn)

        operation = of(lambda name, probability, level: NAMES.index(name))
        is_applied = _draws.happens(words[:, 1:3], of(lambda name, probability, level: probability))
        level = of(lambda name, probability, level: level / HIGHEST_LEVEL)
        operation = tf.where(is_applied, operation, 0)
        return {"operation": operation, "amount": AUTO.amounts(operation, level, words[:, 3:5])}

    def get_config(self) -> dict[str, Any]:
        return {"policy": self.policy, **super().get_config()}
