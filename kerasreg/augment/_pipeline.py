"""An augmenter at work: elements in, parameters drawn, elements out."""

from functools import partial
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from kerasreg import _checks
from kerasreg.augment import _draws, _elements, _limits
from kerasreg.augment._classes import labels_of
from kerasreg.augment._limits import Labels
from kerasreg.augment._plan import Plan
from kerasreg.augment._warped import Sampling
from kerasreg.augment.image._boxes import BOX_FORMATS
from kerasreg.augment.operation import MIXING, Parameters, ValueRange

if TYPE_CHECKING:
    from kerasreg.augment.augmenter import Augmenter

MOVED = ("image", "mask", "boxes")
Drawn = tuple[Parameters, ...]


class Pipeline:
    """What an `Augmenter` does, with its arguments.

    Args:
        owner: The augmenter.
    """

    def __init__(self, owner: "Augmenter"):
        self._owner = owner
        self._operations = owner.operations
        self._has_limits = _limits.any_in(owner.operations)
        self._mixing = [each for each in owner.operations if each.kind == MIXING]
        moved = MOVED if owner.part == "image" else (owner.part,)
        self._touched = (*moved, "label") if self._mixing else moved
        sampling = Sampling(
            fill_mode=owner.fill_mode,
            fill_value=owner.fill_value,
            interpolation=owner.interpolation,
            mask_fill_value=owner.mask_fill_value,
            box_format=owner.box_format,
        )
        finish = None if owner.part == "tokens" else self._finished
        self._plan = Plan(owner.operations, sampling, finish)
        options = {"autograph": False, "reduce_retracing": True}
        self._graph_of_draws = tf.function(partial(self._from_index), **options)
        self._graph_of_params = tf.function(partial(self._from_params), **options)

    def main(self, element: Any) -> Any:
        """Returns what the operations change of an element."""
        return _elements.taken(element, self._paths(element)[self._owner.part])

    def check(self, element: Any, batched: bool | None) -> bool:
        """Refuses elements that cannot be augmented; returns whether they are batches."""
        owner, paths = self._owner, self._paths(element)
        main = self.main(element)
        rank = self._operations[0].rank
        is_batch = _elements.check(main, owner.part, rank, batched, owner)
        if "boxes" in paths and owner.box_format is None:
            _checks.refuse("box_format", None, owner, f"one of {BOX_FORMATS}, as there are boxes")
        if self._range(main) is None and any(each.needs_range for each in self._operations):
            expected = "the lowest and the highest value of images that are no uint8"
            fix = "Pass (0, 255) or (0, 1), for instance."
            _checks.refuse("value_range", None, owner, expected, fix=fix)
        if self._has_limits:
            self._check_labels(element, paths, is_batch)
        if self._mixing and not is_batch:
            expected = "batches of (image, label), or of dicts with these keys, to mix examples"
            _checks.refuse("dataset", element, owner, expected)
        parts = {name: _elements.taken(element, path) for name, path in paths.items()}
        for each in self._operations:
            each.check_batch(parts)
        return is_batch

    def from_index(
        self, element: Any, is_batch: bool, index: tf.Tensor, epoch: tf.Tensor, training: bool
    ) -> tuple[Any, Drawn]:
        """Returns the element augmented for these indices, and the parameters."""
        make = self._from_index if tf.inside_function() else self._graph_of_draws
        return make(element, is_batch, index, epoch, training)

    def from_params(self, element: Any, is_batch: bool, drawn: Drawn) -> Any:
        """Returns the element augmented with these parameters."""
        make = self._from_params if tf.inside_function() else self._graph_of_params
        return make(element, is_batch, drawn)

    def drawn(
        self, index: tf.Tensor, epoch: tf.Tensor, labels: Labels | None, training: bool
    ) -> Drawn:
        """Returns the parameters of each operation for the examples of these indices."""
        slots = [1 + operation.slots for operation in self._operations]
        words = _draws.image_words(self._owner.seed, epoch, index, slots)
        return tuple(
            each.parameters(own, epoch, labels, training)
            for each, own in zip(self._operations, words, strict=True)
        )

    def _from_index(self, element, is_batch, index, epoch, training):
        labels = None
        if self._has_limits:
            own = _elements.taken(element, self._paths(element)["label"])
            labels = self._labels(own if is_batch else own[None])
        drawn = self.drawn(tf.reshape(index, [-1]), epoch, labels, training)
        if not is_batch:
            drawn = tf.nest.map_structure(lambda each: each[0], drawn)
        return self._from_params(element, is_batch, drawn), drawn

    def _from_params(self, element, is_batch, drawn):
        paths = self._paths(element)
        paths = {name: path for name, path in paths.items() if name in self._touched}
        batch = {name: _elements.taken(element, path) for name, path in paths.items()}
        if not is_batch:
            batch, drawn = tf.nest.map_structure(lambda each: each[None], (batch, drawn))
        value_range = self._range(batch[self._owner.part])
        result = self._plan.run(batch, drawn, value_range, self._owner.jit_compile)
        for name, path in paths.items():
            value = self._shaped(result[name], batch[name], name)
            element = _elements.replaced(element, path, value if is_batch else value[0])
        return element

    def _paths(self, element: Any) -> dict[str, Any]:
        owner = self._owner
        return _elements.paths(element, owner.parts, owner.part, owner)

    def _check_labels(self, element: Any, paths: dict[str, Any], is_batch: bool) -> None:
        if "label" not in paths:
            expected = "elements with labels, for operations with `limits`"
            _checks.refuse("dataset", element, self._owner, expected)
        self._labels(_elements.taken(element, paths["label"]), is_batch)

    def _labels(self, labels: Any, is_batch: bool = True) -> Labels:
        owner = self._owner
        return labels_of(labels, owner.class_names, self._operations, owner, is_batch=is_batch)

    def _range(self, main: Any) -> ValueRange:
        given = self._owner.value_range
        return (0.0, 255.0) if given is None and main.dtype == "uint8" else given

    def _shaped(self, value: tf.Tensor, before: tf.Tensor, name: str) -> tf.Tensor:
        """Returns a part with what is known of its shape."""
        if name == "label":
            return tf.ensure_shape(value, [before.shape[0], *value.shape[1:]])
        shape = before.shape.as_list()
        if self._mixing and name != "image":
            # A vector for each pixel, boxes of two images.
            shape[1:] = value.shape.as_list()[1:]
        if name in ("image", "mask"):
            for each in self._operations:
                shape[1:3] = each.output_size(*shape[1:3])
        return tf.ensure_shape(value, shape)

    def _finished(self, values: tf.Tensor) -> tf.Tensor:
        low, high = self._owner.value_range or (None, None)
        if self._owner.dtype == "uint8":
            values = tf.round(values)
            low, high = max(low or 0, 0), min(255 if high is None else high, 255)
        if low is not None:
            values = tf.clip_by_value(values, low, high)
        return tf.cast(values, self._owner.dtype)
