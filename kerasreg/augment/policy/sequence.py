"""Several operations as one."""

from typing import Any

import tensorflow as tf

from kerasreg._register import register
from kerasreg.augment.policy._group import Group


@register
class Sequence(Group):
    """Several operations as one.

    All operations, in their order: for use inside of `OneOf` and `SomeOf`. With a `probability`,
    all of them or none are applied to an example.

    Labels: safe where all of the operations together are.

    No known difference from the paper, whose sub-policies these are.

    Args:
        operations: A list of operations on one kind of data (images, waveforms, ...). None may
            mix examples or change the size of images.
        probability: Share of the examples that go through them, between 0 and 1 or a schedule of
            the epoch. Defaults to 1.
        limits: Largest probability for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If there are no operations, or one that cannot be part of this.

    Example:
        >>> import kerasreg, numpy as np
        >>> from kerasreg import augment
        >>> soft = kerasreg.augment.Sequence([augment.Rotate(30), augment.Blur(1)])
        >>> choice = augment.OneOf([soft, augment.GaussianNoise(5)])
        >>> augmenter = kerasreg.augment.Augmenter([choice], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 1), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 1])

    Reference:
        Cubuk, Zoph, Mane, Vasudevan, Le 2019, AutoAugment: Learning Augmentation Strategies from
        Data, arXiv:1805.09501.
    """

    is_joint = True

    def __init__(self, operations, *, probability: Any = 1.0, limits: Any = None):
        super().__init__(operations, probability=probability, limits=limits)

    def chosen(self, words):
        """Returns True for all."""
        return tf.ones([tf.shape(words)[0], len(self.operations)], tf.bool)
