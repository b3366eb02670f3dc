"""Data in arrays: a part that is held out, folds, and both put together again."""

from typing import Any

import keras
import numpy as np
from keras import tree

from kerasreg import _checks

_EXPECTED = "a tuple of arrays, (x, y) or (x, y, sample_weight)"


def checked_arrays(name: str, data: Any, owner: object) -> tuple[Any, ...]:
    """Returns data as a tuple of NumPy arrays or nests of them.

    Raises:
        TypeError: If it is no tuple or list.
        ValueError: If it has too few or too many items, or arrays of different lengths.
    """
    if not isinstance(data, tuple | list):
        _checks.refuse(name, data, owner, _EXPECTED, error=TypeError)
    if len(data) not in (2, 3):
        _checks.refuse(name, f"{len(data)} items", owner, _EXPECTED)
    arrays = tree.map_structure(keras.ops.convert_to_numpy, tuple(data))
    shapes = [array.shape for array in tree.flatten(arrays)]
    if not all(shapes) or len({shape[0] for shape in shapes}) > 1:
        expected = f"{_EXPECTED}, as many examples in each"
        _checks.refuse(name, f"arrays of the shapes {shapes}", owner, expected)
    return arrays


def examples_of(data: Any) -> int:
    """Returns the number of examples in arrays."""
    return len(tree.flatten(data)[0])


def joined(data: tuple[Any, ...], more: tuple[Any, ...], owner: object) -> tuple[Any, ...]:
    """Returns the examples of both, those of `validation_data` behind."""
    if len(data) != len(more):
        _checks.refuse("validation_data", f"{len(more)} items", owner, f"{len(data)} items")
    return tree.map_structure(lambda a, b: np.concatenate([a, b]), data, more)


def splits_of(
    data: Any, fraction: Any, folds: int | None, generator: np.random.Generator, owner: object
) -> list[tuple[Any, Any]]:
    """Returns pairs of the data to train on and to validate on, drawn at random.

    Args:
        data: Arrays.
        fraction: The argument `validation_fraction`, which counts where there are no folds.
        folds: Number of pairs, in which each example is once in the second part; None for one.
        generator: What draws.
        owner: Whose arguments these are, for errors.
    """
    fraction = _checks.number("validation_fraction", fraction, owner, low=0, high=1)
    examples = examples_of(data)
    order = generator.permutation(examples)
    if folds:
        if folds > examples:
            _checks.refuse("folds", folds, owner, f"at most as many as there are data, {examples}")
        parts = np.array_split(order, folds)
    else:
        size = round(fraction * examples)
        if not 0 < size < examples:
            expected = f"a share that leaves a part of the {examples} examples on either side"
            _checks.refuse("validation_fraction", fraction, owner, expected)
        parts = [order[:size]]
    return [(_rows(data, np.setdiff1d(order, part)), _rows(data, np.sort(part))) for part in parts]


def _rows(data, rows):
    return tree.map_structure(lambda array: array[rows], data)
