"""From a list of operations to the kernels that do them in few passes over the images."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import tensorflow as tf

from kerasreg.augment._kernels import filled, full_batch, is_compiled
from kerasreg.augment.image import _affine
from kerasreg.augment.image._warp import warp
from kerasreg.augment.operation import GEOMETRIC, PIXELWISE, Operation, Parameters

Drawn = tuple[list[Parameters], list[tf.Tensor]]
Kernel = Callable[[tf.Tensor, Drawn], tf.Tensor]
Members = list[tuple[int, Operation]]


@dataclass(frozen=True)
class Sampling:
    """How images are read between and outside their pixels."""

    fill_mode: str
    fill_value: float
    interpolation: str


class Plan:
    """The kernels of a pipeline.

    All parameters are drawn, and the maps of neighbouring geometric operations composed, in plain
    TensorFlow: little work on small tensors, not worth the time to compile it. Every step that
    reads several pixels to make one (a warp, a blur along one axis) is a kernel by itself: XLA
    would otherwise compute what it reads again for each reader. Steps that read one pixel are
    merged with their likes; joined to a step of the first kind, they would be computed in its
    short loops over channels, several times slower.

    Args:
        operations: The operations in order.
        draw: Function of (index, epoch) that returns the parameters of each operation.
        sampling: How images are read.
        finish: The last step, from float32 images to what is delivered.
    """

    def __init__(
        self,
        operations: Sequence[Operation],
        draw: Callable[[tf.Tensor, tf.Tensor], list[Parameters]],
        sampling: Sampling,
        finish: Callable[[tf.Tensor], tf.Tensor],
    ):
        self._draw = draw
        self._warps: list[Members] = []
        kernels: list[Kernel] = []
        for kind, group in groupby(enumerate(operations), lambda member: member[1].kind):
            members = list(group)
            if kind == GEOMETRIC:
                kernels.append(_warp_kernel(len(self._warps), sampling))
                self._warps.append(members)
            else:
                steps = [_step(i, one) for i, operation in members for one in operation.passes()]
                kernels += [_merged(steps)] if kind == PIXELWISE else steps
        *first, last = kernels or [_merged([])]
        self._plain = [*first, _followed(last, finish)]
        # Functions of one code would share one count in TensorFlow's warning of many tracings;
        # partial objects do not.
        self._draw_all = tf.function(partial(self._drawn), autograph=False, reduce_retracing=True)
        self._compiled = [
            tf.function(partial(kernel), jit_compile=True, autograph=False, reduce_retracing=True)
            for kernel in self._plain
        ]

    def run(
        self, images: tf.Tensor, index: tf.Tensor, epoch: tf.Tensor, jit_compile: bool | str
    ) -> tf.Tensor:
        """Returns a batch of images changed as drawn for their indices."""
        if not is_compiled(images, jit_compile):
            return self._chained(self._plain, images, index, epoch)
        if images.shape[0] is not None and not tf.executing_eagerly():
            return self._chained(self._compiled, images, index, epoch)
        count = tf.shape(images)[0]
        images, index = filled([images, index], full_batch(count))
        return self._chained(self._compiled, images, index, epoch)[:count]

    def _chained(
        self,
        kernels: Sequence[Callable[..., tf.Tensor]],
        images: tf.Tensor,
        index: tf.Tensor,
        epoch: tf.Tensor,
    ) -> tf.Tensor:
        drawn = self._draw_all(index, epoch, tf.shape(images))
        for kernel in kernels:
            images = kernel(images, drawn)
        return images

    def _drawn(self, index: tf.Tensor, epoch: tf.Tensor, shape: tf.Tensor) -> Drawn:
        parameters = self._draw(index, epoch)
        height, width = shape[1], shape[2]
        maps = [
            _affine.composed([one.matrix(parameters[i], height, width) for i, one in group])
            for group in self._warps
        ]
        return parameters, [_affine.rows(matrix) for matrix in maps]


def _warp_kernel(number: int, sampling: Sampling) -> Kernel:
    def kernel(images: tf.Tensor, drawn: Drawn) -> tf.Tensor:
        return warp(
            images,
            drawn[1][number],
            fill_mode=sampling.fill_mode,
            fill_value=sampling.fill_value,
            interpolation=sampling.interpolation,
        )

    return kernel


def _step(position: int, function: Callable[[tf.Tensor, Parameters], tf.Tensor]) -> Kernel:
    def kernel(images: tf.Tensor, drawn: Drawn) -> tf.Tensor:
        return function(tf.cast(images, tf.float32), drawn[0][position])

    return kernel


def _merged(steps: Sequence[Kernel]) -> Kernel:
    def kernel(images: tf.Tensor, drawn: Drawn) -> tf.Tensor:
        for step in steps:
            images = step(images, drawn)
        return images

    return kernel


def _followed(kernel: Kernel, finish: Callable[[tf.Tensor], tf.Tensor]) -> Kernel:
    return lambda images, drawn: finish(tf.cast(kernel(images, drawn), tf.float32))
