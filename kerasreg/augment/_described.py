"""Drawn parameters in words."""

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from kerasreg.augment.operation import Operation

if TYPE_CHECKING:
    from kerasreg.augment.augmenter import Augmenter

FEW = 4  # Numbers of one parameter that are written out.


def shown(
    augmenter: "Augmenter", dataset: tf.data.Dataset, examples: int, epoch: int
) -> list[tuple[np.ndarray, np.ndarray, list[str]]]:
    """Returns examples before and after, each with what was done to it."""
    pipeline, result = augmenter._pipeline, []
    is_batch = pipeline.check(dataset.element_spec, None)
    augmented = augmenter(dataset, epoch=epoch, return_params=True)
    for before, (after, params) in tf.data.Dataset.zip(dataset, augmented):
        values = [pipeline.main(before), pipeline.main(after), params]
        if not is_batch:
            values = tf.nest.map_structure(lambda each: each[None], values)
        first, last, drawn = tf.nest.map_structure(np.asarray, values)
        for i in range(len(first)):
            pairs = zip(augmenter.operations, drawn, strict=True)
            words = [line for each, its in pairs for line in described(each, its, i)]
            result.append((first[i], last[i], words))
            if len(result) == examples:
                return result
    return result


def described(operation: Operation, parameters: Any, example: int) -> list[str]:
    """Returns a line for each operation that changes an example, with its parameters.

    Args:
        operation: The operation.
        parameters: Its parameters, for a batch.
        example: Place of the example in the batch.
    """
    members = getattr(operation, "operations", None)
    if members is not None:
        applied = np.asarray(parameters["is_applied"])[example]
        inner = zip(members, parameters["operations"], strict=True)
        return [
            line
            for (each, its), is_applied in zip(inner, applied, strict=True)
            if is_applied
            for line in described(each, its, example)
        ]
    own = {name: np.asarray(value)[example] for name, value in parameters.items()}
    if operation.neutral and all(
        np.array_equal(own[name], np.broadcast_to(value, own[name].shape))
        for name, value in operation.neutral.items()
    ):
        return []
    words = [f"{name} {_written(value)}" for name, value in own.items() if _is_legible(value)]
    return [" ".join([type(operation).__name__, ", ".join(words)]).strip()]


def _is_legible(value: np.ndarray) -> bool:
    return value.size <= FEW and tf.as_dtype(value.dtype) != tf.uint32


def _written(value: np.ndarray) -> str:
    if value.dtype == bool:
        return str(bool(value.all()))
    return " ".join(f"{each:.3g}" for each in np.ravel(value))
