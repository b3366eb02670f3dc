"""Operations of the published policies, one after the other, chosen for each image."""

from collections.abc import Sequence
from typing import Any, ClassVar

import tensorflow as tf

from kerasreg.augment._split import of_rows
from kerasreg.augment._warped import Member, Sampling, Warp
from kerasreg.augment.operation import GEOMETRIC, GROUP, Operation, Parameters, ValueRange
from kerasreg.augment.policy._pixels import PIXEL_OPERATIONS
from kerasreg.augment.policy._table import MAPS, NAMES, matrices

Batch = dict[str, tf.Tensor]


class Chain(Operation):
    """An operation that does several of a table to each image, in an order of the image's own.

    A subclass draws `operation`, int32 `(images, steps)` numbers in `NAMES`, and `amount`, float32
    of the same shape. Each operation is computed for the images that drew it only; geometric ones
    that follow each other on an image are composed and resampled once.
    """

    kind = GROUP
    needs_range = True
    neutral: ClassVar = {"operation": 0}
    names: Sequence[str] = ()
    """Which operations may be drawn."""
    steps: int = 1
    """How many operations follow each other."""

    def stages(self, place: int, sampling: Sampling) -> list[Any]:
        """Returns the stages of a plan that do it.

        Args:
            place: Place of its parameters among those drawn.
            sampling: How images are read.
        """
        return steps_of(range(self.steps), place, self.names, sampling)


class Step:
    """One operation of a chain, for each image its own.

    Args:
        columns: The columns of the chain's parameters up to this step.
        is_last: Whether no other step follows.
        place: Place of the chain's parameters among those drawn.
        names: Which operations may have been drawn.
        sampling: How images are read.
    """

    def __init__(
        self,
        columns: Sequence[int],
        is_last: bool,
        place: int,
        names: Sequence[str],
        sampling: Sampling,
    ):
        self._column, self._is_last, self._place = columns[-1], is_last, place
        self._warp = Warp([Member(_Composed(columns), lambda drawn: drawn[0])], sampling)
        self._pixels = [name for name in PIXEL_OPERATIONS if name in names]
        self._branches = [
            0 if name in MAPS else 1 + self._pixels.index(name) if name in self._pixels else -1
            for name in NAMES
        ]

    def __call__(
        self, batch: Batch, drawn: tuple[Parameters, ...], value_range: ValueRange, compiled: bool
    ) -> Batch:
        """Returns the batch with each image changed by its operation of this step."""
        assert value_range is not None
        parameters = drawn[self._place]
        batch = {**batch, "image": tf.cast(batch["image"], tf.float32)}
        rows = self._rows(parameters["operation"])
        amount = parameters["amount"][:, self._column]
        moved = self._moved(batch, parameters, rows[0], value_range)
        images = [moved["image"]]
        for name, own in zip(self._pixels, rows[1:-1], strict=True):
            apply = PIXEL_OPERATIONS[name]
            some = tf.gather(batch["image"], own)
            images.append(apply(some, tf.gather(amount, own), value_range))
        images.append(tf.gather(batch["image"], rows[-1]))
        result = {**batch, "image": tf.dynamic_stitch(rows, images)}
        for name in ("mask", "boxes"):
            if name in batch:
                result[name] = tf.tensor_scatter_nd_update(
                    batch[name], rows[0][:, None], moved[name]
                )
        return {name: tf.ensure_shape(each, batch[name].shape) for name, each in result.items()}

    def _rows(self, operation: tf.Tensor) -> list[tf.Tensor]:
        """Returns the images that are moved, those of each pixel operation, and the others."""
        branches, none = tf.constant(self._branches), len(self._pixels) + 1
        branch = tf.gather(branches, operation[:, self._column])
        if not self._is_last:
            follower = tf.gather(branches, operation[:, self._column + 1])
            is_moved_later = tf.logical_and(branch == 0, follower == 0)
            branch = tf.where(is_moved_later, -1, branch)
        branch = tf.where(branch < 0, none, branch)
        return tf.dynamic_partition(tf.range(tf.shape(branch)[0]), branch, none + 1)

    def _moved(
        self, batch: Batch, parameters: Parameters, rows: tf.Tensor, value_range: ValueRange
    ) -> Batch:
        parts = {name: batch[name] for name in ("image", "mask", "boxes") if name in batch}
        some, its = of_rows((parts, parameters), rows)
        return self._warp(some, (its,), value_range, False)


class _Composed(Operation):
    """The geometric operations of a chain that follow each other up to one step."""

    kind = GEOMETRIC

    def __init__(self, columns: Sequence[int]):
        super().__init__()
        self._columns = list(columns)

    def matrix(self, parameters: Parameters, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
        numbers = [NAMES.index(name) for name in MAPS]
        result = tf.eye(3, dtype=tf.float64)
        for column in self._columns:
            operation = parameters["operation"][:, column]
            own = matrices(operation, parameters["amount"][:, column], height, width)
            is_map = tf.logical_and(operation >= numbers[0], operation <= numbers[-1])
            # What came before another operation has been done with it.
            result = tf.where(is_map[:, None, None], tf.linalg.matmul(result, own), own)
        return result


def steps_of(
    columns: Sequence[int], place: int, names: Sequence[str], sampling: Sampling
) -> list[Step]:
    """Returns the steps that do the operations of some columns one after the other."""
    columns = list(columns)
    count = len(columns)
    return [Step(columns[: i + 1], i == count - 1, place, names, sampling) for i in range(count)]
