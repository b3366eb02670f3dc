"""Batches of inputs from whatever kind of data a user has."""

from collections.abc import Iterable, Iterator
from typing import Any

import keras
from keras import ops, tree

from kerasreg import _checks


def batches(name: str, data: Any, batch_size: int, owner: object) -> Iterator[Any]:
    """Yields batches of a model's inputs, as tensors, in the order of the data.

    Args:
        name: The argument that the data came as, for the error.
        data: Arrays in the structure of the model's inputs, or batches: a `tf.data.Dataset`, a
            `keras.utils.PyDataset`, or any iterable whose items are inputs or tuples
            `(inputs, targets, ...)`. A list of arrays is the inputs of a model, a list of tuples
            is batches.
        batch_size: Examples in a batch, for arrays.
        owner: Whose argument it is, for the error.

    Raises:
        TypeError: If the data are of another kind.
        ValueError: If they are arrays of different lengths.
    """
    arrays = tree.flatten(data)
    if arrays and all(hasattr(array, "shape") for array in arrays) and not _is_pairs(data):
        yield from _sliced(name, data, batch_size, owner)
        return
    if not isinstance(data, Iterable) or isinstance(data, str | dict):
        expected = "arrays in the structure of the model's inputs, or an iterable of batches"
        _checks.refuse(name, data, owner, expected, error=TypeError)
    for batch in data:
        inputs, _, _ = keras.utils.unpack_x_y_sample_weight(batch)
        yield tree.map_structure(ops.convert_to_tensor, inputs)


def _is_pairs(data):
    return isinstance(data, list) and all(isinstance(batch, tuple) for batch in data)


def _sliced(name, data, batch_size, owner):
    arrays = tree.flatten(data)
    shapes = [tuple(array.shape) for array in arrays]
    lengths = {shape[0] if shape else -1 for shape in shapes}
    if len(lengths) > 1 or -1 in lengths:
        _checks.refuse(name, shapes, owner, "arrays of the same length")
    for start in range(0, lengths.pop(), batch_size):
        part = slice(start, start + batch_size)
        yield tree.map_structure(lambda array, part=part: ops.convert_to_tensor(array[part]), data)
