"""One resampling for geometric operations that follow each other: images, masks and boxes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import tensorflow as tf

from kerasreg.augment.image import _affine, _boxes
from kerasreg.augment.image._warp import warp
from kerasreg.augment.operation import Operation, Parameters, ValueRange

Size = tuple[Any, Any]


@dataclass(frozen=True)
class Sampling:
    """How images are read between and outside their pixels, and how boxes are written."""

    fill_mode: str = "constant"
    fill_value: float = 0.0
    interpolation: str = "bilinear"
    mask_fill_value: float = 0.0
    box_format: str | None = None


class Member(NamedTuple):
    """An operation of a warp, and where its parameters are."""

    operation: Operation
    parameters: Callable[[tuple[Parameters, ...]], Parameters]


class Warp:
    """Geometric operations that follow each other, of which only the last may displace."""

    def __init__(self, members: Sequence[Member], sampling: Sampling):
        self._members = list(members)
        self._sampling = sampling
        self._projective = any(each.operation.projective for each in members)
        self._last = self._members[-1].operation
        self._finish: Callable[[tf.Tensor], tf.Tensor] | None = None
        self._image = partial(self._warped_image)
        self._mask = partial(self._warped_mask)
        self._field = partial(self._displacement)
        options = {"jit_compile": True, "autograph": False, "reduce_retracing": True}
        self._compiled_image = tf.function(self._image, **options)
        self._compiled_mask = tf.function(self._mask, **options)
        self._compiled_field = tf.function(self._field, **options)

    def follow(self, finish: Callable[[tf.Tensor], tf.Tensor]) -> None:
        """Appends a step that knows no parameters, on images."""
        self._finish = finish

    def __call__(
        self,
        batch: dict[str, tf.Tensor],
        drawn: tuple[Parameters, ...],
        value_range: ValueRange,
        compiled: bool,
    ) -> dict[str, tf.Tensor]:
        """Returns the batch with images, masks and boxes moved."""
        images = batch["image"]
        parameters = [each.parameters(drawn) for each in self._members]
        before = _size(images)
        matrix = self._matrix(parameters, before)
        maps = _affine.entries(matrix, self._projective)
        after = self._output_size(before)
        field = None
        if self._last.is_elastic:
            make = self._compiled_field if compiled else self._field
            field = make(images, parameters[-1])
        image = self._compiled_image if compiled else self._image
        result = {**batch, "image": image(images, maps, field)}
        if "mask" in batch:
            mask = self._compiled_mask if compiled else self._mask
            result["mask"] = mask(batch["mask"], maps, field)
        if "boxes" in batch and self._sampling.box_format is not None:
            result["boxes"] = _boxes.moved(
                batch["boxes"], matrix, before, after, self._sampling.box_format, field
            )
        return result

    def _matrix(self, parameters: list[Parameters], size: Size) -> tf.Tensor:
        matrices = []
        for each, its in zip(self._members, parameters, strict=True):
            matrices.append(each.operation.matrix(its, *map(tf.convert_to_tensor, size)))
            size = each.operation.output_size(*size)
        return _affine.composed(matrices)

    def _output_size(self, size: Size) -> Size:
        for each in self._members:
            size = each.operation.output_size(*size)
        return size

    def _displacement(self, images: tf.Tensor, parameters: Parameters) -> tf.Tensor:
        size = self._output_size(_size(images))
        return self._last.displacement(parameters, *map(tf.convert_to_tensor, size))

    def _warped_image(self, images, maps, field):
        sampling = self._sampling
        result = warp(
            images,
            maps,
            fill_mode=sampling.fill_mode,
            fill_value=sampling.fill_value,
            interpolation=sampling.interpolation,
            projective=self._projective,
            output_size=self._output_size(_size(images)),
            displacement=field,
        )
        return result if self._finish is None else self._finish(result)

    def _warped_mask(self, mask, maps, field):
        has_channels = mask.shape.rank == 4
        result = warp(
            mask if has_channels else mask[..., None],
            maps,
            fill_mode=self._sampling.fill_mode,
            fill_value=self._sampling.mask_fill_value,
            interpolation="nearest",
            projective=self._projective,
            output_size=self._output_size(_size(mask)),
            displacement=field,
        )
        result = tf.cast(result, mask.dtype)
        return result if has_channels else result[..., 0]


def _size(images: tf.Tensor) -> Size:
    """Returns height and width, as integers where they are known."""
    shape = tf.shape(images)
    known = images.shape
    return (
        shape[1] if known[1] is None else known[1],
        shape[2] if known[2] is None else known[2],
    )
