"""Groups of operations: examples are sorted by what is done to them, and each does its own."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import tensorflow as tf

from kerasreg.augment.operation import GEOMETRIC, Operation, Parameters, ValueRange

Batch = dict[str, tf.Tensor]


class Branch(NamedTuple):
    """What is done to some of the examples.

    Members are the places of the branch's operations in the group; the examples are those that
    have any of them applied.
    """

    members: tuple[int, ...]
    plan: Any
    is_map: bool
    """Whether the members are one geometric operation together, of which each example does those
    that are applied to it."""


class Split:
    """Branches of which each example takes at most one.

    Args:
        place: Place of the group's parameters among those drawn.
        group: The group.
        branches: The branches.
    """

    def __init__(self, place: int, branches: Sequence[Branch]):
        self._place = place
        self._branches = list(branches)

    def __call__(
        self,
        batch: Batch,
        drawn: tuple[Parameters, ...],
        value_range: ValueRange,
        compiled: bool,
    ) -> Batch:
        """Returns the batch with every example changed by its branch."""
        parameters = drawn[self._place]
        part = self._branches[0].plan.part
        if part != "tokens":
            batch = {**batch, part: tf.cast(batch[part], tf.float32)}
        rows = self._rows(parameters["is_applied"])
        results = []
        for branch, own in zip(self._branches, rows, strict=False):
            inner = parameters["operations"]
            its = (parameters,) if branch.is_map else tuple(inner[i] for i in branch.members)
            some, its = of_rows((batch, its), own)
            # Their number changes from batch to batch: nothing to compile for.
            results.append(branch.plan.run(some, its, value_range, False))
        results.append(of_rows(batch, rows[-1]))
        return {
            name: tf.ensure_shape(
                tf.dynamic_stitch(rows, [each[name] for each in results]), value.shape
            )
            for name, value in batch.items()
        }

    def _rows(self, is_applied: tf.Tensor) -> list[tf.Tensor]:
        """Returns the examples of each branch, and then those of none."""
        number = tf.fill(tf.shape(is_applied)[:1], len(self._branches))
        for i, branch in enumerate(self._branches):
            takes = tf.reduce_any(tf.gather(is_applied, branch.members, axis=1), axis=1)
            number = tf.where(takes, i, number)
        examples = tf.range(tf.shape(number)[0])
        return tf.dynamic_partition(examples, number, len(self._branches) + 1)


def of_rows(tensors: Any, rows: tf.Tensor) -> Any:
    """Returns the rows of each tensor of a structure."""
    return tf.nest.map_structure(lambda each: tf.gather(each, rows), tensors)


def branches_of(group: Any, make: Callable[[Sequence[Operation]], Any]) -> list[list[Branch]]:
    """Returns the branches of a group, in lists that follow each other.

    Args:
        group: A group of operations that are not all geometric.
        make: Makes the plan of some operations.
    """
    operations = group.operations

    def simple(members: Sequence[int]) -> Branch:
        return Branch(tuple(members), make([operations[i] for i in members]), False)

    def mapped(members: Sequence[int]) -> Branch:
        return Branch(tuple(members), make([_Maps(group, members)]), True)

    def is_map(i: int) -> bool:
        return operations[i].kind == GEOMETRIC and not operations[i].is_elastic

    places = range(len(operations))
    if group.is_joint:
        return [[simple(places)]]
    if group.is_exclusive:
        maps = [i for i in places if is_map(i)]
        rest = [simple([i]) for i in places if not is_map(i)]
        return [[*([mapped(maps)] if maps else []), *rest]]
    result: list[list[Branch]] = []
    for joins, run in groupby(places, is_map):
        members = list(run)
        result += [[mapped(members)]] if joins else [[simple([i])] for i in members]
    return result


class _Maps(Operation):
    """Some geometric operations of a group, of which each image does those applied to it."""

    kind = GEOMETRIC

    def __init__(self, group: Any, members: Sequence[int]):
        super().__init__()
        self._group, self._members = group, tuple(members)
        self.projective = any(group.operations[i].projective for i in members)

    def matrix(self, parameters: Parameters, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
        return self._group.matrix(parameters, height, width, self._members)
