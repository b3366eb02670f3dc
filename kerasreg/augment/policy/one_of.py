"""One operation of several, for each image."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment.operation import Operation
from kerasreg.augment.policy._group import Group


@register
class OneOf(Group):
    """One of several operations, drawn for each example.

    Each example goes through one of the operations, all equally likely or by `weights`, and then
    through that operation's own probability. Only the operation that was drawn is computed;
    geometric operations among them cost one resampling together.

    Labels: safe where each of the operations is.

    No known difference from the paper, which draws one operation of a sub-policy likewise.

    Args:
        operations: A list of operations on one kind of data (images, waveforms, ...). None may
            mix examples or change the size of images.
        weights: How likely each operation is, up to a common factor: numbers of at least 0, one
            for each. Defaults to None, all alike.
        probability: Share of the examples that go through one of them, between 0 and 1 or a
            schedule of the epoch. Defaults to 1.
        limits: Largest probability for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If there are no operations, one that cannot be chosen, or weights that are
            negative, all 0, or not one for each operation.

    Example:
        >>> import kerasreg, numpy as np
        >>> choice = kerasreg.augment.OneOf([kerasreg.augment.Rotate(30), kerasreg.augment.Blur(1)])
        >>> augmenter = kerasreg.augment.Augmenter([choice], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 1), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 1])

    Reference:
        Cubuk, Zoph, Mane, Vasudevan, Le 2019, AutoAugment: Learning Augmentation Strategies from
        Data, arXiv:1805.09501.
    """

    own_slots = 1
    is_exclusive = True

    def __init__(
        self,
        operations: Sequence[Operation],
        *,
        weights: Sequence[float] | None = None,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(operations, probability=probability, limits=limits)
        self.weights = weights
        if weights is not None:
            count = len(self.operations)
            self.weights = _checks.many("weights", weights, self, count, _weight, broadcast=False)
            if sum(self.weights) == 0:
                _checks.refuse("weights", weights, self, "at least one weight above 0")

    def chosen(self, words):
        """Returns one True for each example."""
        weights = np.ones(len(self.operations)) if self.weights is None else self.weights
        limits = np.round(np.cumsum(weights) / np.sum(weights) * _draws.WORD_VALUES)
        is_below = tf.cast(words, tf.int64) < tf.constant(limits, tf.int64)
        before = tf.pad(is_below[:, :-1], [[0, 0], [1, 0]])
        return tf.logical_and(is_below, tf.logical_not(before))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weights": self.weights}


def _weight(name: str, value: Any, owner: object) -> float:
    return _checks.number(name, value, owner, low=0)
