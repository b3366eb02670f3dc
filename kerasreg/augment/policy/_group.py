"""What operations that hold others have in common."""

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
import tensorflow as tf

from kerasreg import _checks
from kerasreg.augment.operation import GEOMETRIC, GROUP, MIXING, Operation


class Group(Operation):
    """An operation that applies some of its `operations` to each example, in their order.

    A subclass writes `chosen`. Where all operations are geometric, the group is: they are composed
    into one map for each image. Else the examples are sorted by what is to be done to them, and
    each operation sees its own only.

    Parameters are `is_applied`, booleans `(examples, operations)`, and `operations`, a tuple of
    the parameters of each.
    """

    own_slots: int = 0
    is_exclusive: ClassVar[bool] = False
    """Whether at most one of the operations is applied to an example."""
    is_joint: ClassVar[bool] = False
    """Whether all operations are applied to an example, or none."""
    neutral: ClassVar = {"is_applied": False}

    def __init__(self, operations: Sequence[Operation], **arguments: Any):
        super().__init__(**arguments)
        self.operations = checked_operations(operations, self)
        first = self.operations[0]
        for each in self.operations:
            if each.kind == MIXING or each.resizes:
                expected = "operations that change examples one by one and keep their size"
                _checks.refuse("operations", each, self, expected)
            if (each.part, each.rank) != (first.part, first.rank):
                _checks.refuse("operations", each, self, f"operations on one kind of {first.part}")
        self.part, self.rank = first.part, first.rank
        self.slots = self.own_slots + sum(1 + each.slots for each in self.operations)
        self.needs_range = any(each.needs_range for each in self.operations)
        self.projective = any(each.projective for each in self.operations)
        is_map = all(each.kind == GEOMETRIC and not each.is_elastic for each in self.operations)
        self.kind = GEOMETRIC if is_map else GROUP

    def chosen(self, words: tf.Tensor) -> tf.Tensor:
        """Returns which operations are applied to each example, `(examples, operations)`.

        Args:
            words: Random uint32 tensor of shape `(examples, self.own_slots)`.
        """
        raise NotImplementedError

    def parameters(self, words, epoch, labels, training=True):
        """Returns which operations are applied, and the parameters of all of them."""
        own, *others = tf.split(
            words,
            [1 + self.own_slots, *(1 + each.slots for each in self.operations)],
            axis=1,
        )
        result = super().parameters(own, epoch, labels, training)
        result["operations"] = tuple(
            each.parameters(its, epoch, labels, training)
            for each, its in zip(self.operations, others, strict=True)
        )
        return result

    def check_batch(self, parts):
        for each in self.operations:
            each.check_batch(parts)

    def draw(self, words, strengths):
        return {"is_applied": self.chosen(words)}

    def matrix(self, parameters, height, width, members=None):
        """Returns the maps composed of those operations that are applied to each image.

        Args:
            parameters: What `parameters` gave.
            height: Height of the images.
            width: Width of the images.
            members: Places of the operations to look at; None for all.
        """
        result = tf.eye(3, dtype=tf.float64)
        for i in range(len(self.operations)) if members is None else members:
            one = self.operations[i].matrix(parameters["operations"][i], height, width)
            is_applied = parameters["is_applied"][:, i, None, None]
            own = tf.where(is_applied, one, tf.eye(3, dtype=tf.float64))
            result = tf.linalg.matmul(result, own)
        return result

    def get_config(self) -> dict[str, Any]:
        return {
            "operations": [keras.saving.serialize_keras_object(each) for each in self.operations],
            **super().get_config(),
        }


def checked_operations(operations: Any, owner: object) -> list[Operation]:
    """Returns a list of at least one operation, from one or from its saved form."""
    expected = "a list of operations, such as [kerasreg.augment.Rotate(10)]"
    _checks.instance("operations", operations, owner, (list, tuple), expected)
    if not operations:
        _checks.refuse("operations", operations, owner, expected)
    result = [
        keras.saving.deserialize_keras_object(each) if isinstance(each, dict) else each
        for each in operations
    ]
    for each in result:
        _checks.instance("operations", each, owner, Operation, expected)
    return result


def ranks(words: tf.Tensor) -> tf.Tensor:
    """Returns the place of each word among those of its example, from 0; all orders alike."""
    return tf.argsort(tf.argsort(tf.cast(words, tf.int64), axis=1, stable=True), axis=1)
