"""From a list of operations to the stages that do them in few passes over the data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

import tensorflow as tf

from kerasreg.augment._kernels import filled, full_batch, is_compiled
from kerasreg.augment._split import Split, branches_of
from kerasreg.augment._warped import Member, Sampling, Warp
from kerasreg.augment.image import _boxes
from kerasreg.augment.operation import (
    GEOMETRIC,
    GROUP,
    MIXING,
    PIXELWISE,
    Operation,
    Parameters,
    Pass,
    ValueRange,
)
from kerasreg.augment.policy._chain import Chain

Batch = dict[str, tf.Tensor]
Drawn = tuple[Parameters, ...]
Stage = Callable[[Batch, Drawn, bool], Batch]


class Plan:
    """The stages of a pipeline.

    Parameters are drawn, and the maps of neighbouring geometric operations composed, in plain
    TensorFlow: little work on small tensors, not worth the time to compile it. Every step that
    reads several values to make one (a warp, a blur along one axis) is a kernel by itself: XLA
    would otherwise compute what it reads again for each reader. Steps that read one value are
    merged with their likes; joined to a step of the first kind, they would be computed in its
    short loops over channels, several times slower.

    Args:
        operations: The operations in order, all on one part.
        sampling: How images are read.
        finish: The last step, from float32 images to what is delivered; None for none.
    """

    def __init__(
        self,
        operations: Sequence[Operation],
        sampling: Sampling,
        finish: Callable[[tf.Tensor], tf.Tensor] | None = None,
    ):
        self.part = operations[0].part
        self._stages: list[Any] = []
        for kind, group in groupby(enumerate(operations), _kind):
            members = list(group)
            if kind == GEOMETRIC:
                self._stages += _warps(members, sampling)
            elif kind == GROUP:
                for i, one in members:
                    if isinstance(one, Chain):
                        self._stages += one.stages(i, sampling)
                    else:
                        self._stages += _splits(i, one, sampling)
            elif kind == MIXING:
                self._stages += [_Mix(i, one, sampling) for i, one in members]
            else:
                steps = [(i, step) for i, one in members for step in one.passes()]
                groups = [steps] if kind == PIXELWISE else [[step] for step in steps]
                self._stages += [_Passes(self.part, each) for each in groups if each]
        if finish is not None:
            last = self._stages[-1] if self._stages else None
            if not isinstance(last, Warp | _Passes):
                last = _Passes(self.part, [])
                self._stages.append(last)
            last.follow(finish)

    def run(
        self, batch: Batch, drawn: Drawn, value_range: ValueRange, jit_compile: bool | str
    ) -> Batch:
        """Returns a batch changed by the parameters, which have been drawn for its examples."""
        values = batch[self.part]
        compiled = is_compiled(values, jit_compile)
        if not compiled or values.shape[0] is not None:
            return self._chained(batch, drawn, value_range, compiled)
        count = tf.shape(values)[0]
        full = filled(tf.nest.flatten((batch, drawn)), full_batch(count))
        batch, drawn = tf.nest.pack_sequence_as((batch, drawn), full)
        result = self._chained(batch, drawn, value_range, compiled)
        return {name: value[:count] for name, value in result.items()}

    def _chained(
        self, batch: Batch, drawn: Drawn, value_range: ValueRange, compiled: bool
    ) -> Batch:
        for stage in self._stages:
            batch = stage(batch, drawn, value_range, compiled)
        return batch


class _Passes:
    """Steps on one part that follow each other in one kernel."""

    def __init__(self, part: str, steps: Sequence[tuple[int, Pass]]):
        self._part = part
        self._steps = [step for _, step in steps]
        self._places = [place for place, _ in steps]
        self._finish: Callable[[tf.Tensor], tf.Tensor] | None = None
        # Functions of one code would share one count in TensorFlow's warning of many tracings;
        # partial objects do not.
        self._kernel = partial(self._run)
        self._compiled = tf.function(
            self._kernel, jit_compile=True, autograph=False, reduce_retracing=True
        )

    def follow(self, finish: Callable[[tf.Tensor], tf.Tensor]) -> None:
        """Appends a step that knows no parameters."""
        self._finish = finish

    def __call__(
        self, batch: Batch, drawn: Drawn, value_range: ValueRange, compiled: bool
    ) -> Batch:
        """Returns the batch with its part changed."""
        kernel = self._compiled if compiled else self._kernel
        parameters = [drawn[place] for place in self._places]
        return {**batch, self._part: kernel(batch[self._part], parameters, value_range)}

    def _run(
        self, values: tf.Tensor, parameters: list[Parameters], value_range: ValueRange
    ) -> tf.Tensor:
        if self._part != "tokens":
            values = tf.cast(values, tf.float32)
        for step, one in zip(self._steps, parameters, strict=True):
            values = step(values, one, value_range)
        return values if self._finish is None else self._finish(values)


@dataclass(frozen=True)
class _Mix:
    """An operation that takes a whole batch, not compiled as a whole."""

    place: int
    operation: Operation
    sampling: Sampling

    def __call__(
        self, batch: Batch, drawn: Drawn, value_range: ValueRange, compiled: bool
    ) -> Batch:
        """Returns the mixed batch."""
        own, box_format = drawn[self.place], self.sampling.box_format
        if "boxes" not in batch or box_format is None:
            return self.operation.mix(batch, own, value_range)
        shape = tf.shape(batch["image"])
        size, dtype = (shape[1], shape[2]), batch["boxes"].dtype
        edges = _boxes.corners(batch["boxes"], size, box_format)
        batch = self.operation.mix({**batch, "boxes": edges}, own, value_range)
        boxes = _boxes.written(batch["boxes"], size, box_format)
        return {**batch, "boxes": tf.cast(boxes, dtype)}


def _kind(member: tuple[int, Operation]) -> str:
    return member[1].kind


def _warps(members: Sequence[tuple[int, Operation]], sampling: Sampling) -> list[Warp]:
    """Returns one warp for all members, or several where one within displaces."""
    result, run = [], []
    for place, operation in members:
        run.append(Member(operation, itemgetter(place)))
        if operation.is_elastic:
            result.append(Warp(run, sampling))
            run = []
    return [*result, Warp(run, sampling)] if run else result


def _splits(place: int, group: Any, sampling: Sampling) -> list[Split]:
    def plan(operations: Sequence[Operation]) -> Plan:
        return Plan(operations, sampling)

    return [Split(place, branches) for branches in branches_of(group, plan)]
