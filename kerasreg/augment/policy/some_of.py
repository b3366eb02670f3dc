"""Several operations of many, for each image."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment.operation import Operation
from kerasreg.augment.policy._group import Group, ranks


@register
class SomeOf(Group):
    """Several of many operations, drawn for each example.

    Each example goes through `count` different operations, in the order of the list, and through
    each with that operation's own probability. With `count=(low, high)` each example draws how
    many, all numbers alike. An operation is computed for the examples that drew it only; geometric
    operations that follow each other are resampled once.

    Labels: safe where all of the operations together are.

    Differs from the paper in that no operation is applied twice to an example, and in that the
    order is the list's.

    Args:
        operations: A list of operations on one kind of data (images, waveforms, ...). None may
            mix examples or change the size of images.
        count: How many are applied, an integer from 0 to the number of operations, or a
            `(low, high)` pair of them.
        probability: Share of the examples that go through any of them, between 0 and 1 or a
            schedule of the epoch. Defaults to 1.
        limits: Largest probability for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If there are no operations, one that cannot be chosen, or fewer than `count`.

    Example:
        >>> import kerasreg, numpy as np
        >>> from kerasreg import augment
        >>> operations = [augment.Rotate(30), augment.Blur(1), augment.GaussianNoise(5)]
        >>> some = kerasreg.augment.SomeOf(operations, 2)
        >>> augmenter = kerasreg.augment.Augmenter([some], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 1), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 1])

    Reference:
        Cubuk, Zoph, Shlens, Le 2020, RandAugment: Practical Automated Data Augmentation with a
        Reduced Search Space, arXiv:1909.13719.
    """

    def __init__(
        self,
        operations: Sequence[Operation],
        count: int | tuple[int, int],
        *,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(operations, probability=probability, limits=limits)
        number = len(self.operations)

        def check(name, value, owner):
            return _checks.whole(name, value, owner, low=0, high=number)

        self.count = _checks.one_or_many("count", count, self, 2, check)
        low, high = self._ends()
        if low > high:
            _checks.refuse("count", count, self, "(low, high) with low not above high")
        self.own_slots = number + 1
        self.slots += self.own_slots

    def _ends(self) -> tuple[int, int]:
        return self.count if isinstance(self.count, tuple) else (self.count, self.count)

    def chosen(self, words):
        """Returns `count` times True for each example."""
        low, high = self._ends()
        share = tf.cast(words[:, :1], tf.float64) / _draws.WORD_VALUES
        count = low + tf.cast(share * (high - low + 1), tf.int32)
        return ranks(words[:, 1:]) < count

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "count": self.count}
