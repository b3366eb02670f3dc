"""New statistics for batch normalization in a model with averaged weights, and data for them."""

import numbers
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np
from keras import tree
from keras.layers import BatchNormalization

from kerasreg import _checks
from kerasreg._backend.every_layer import every_layer
from kerasreg._statistics._reestimation import Reestimation

BATCH_SIZE = 128
_EXPECTED = (
    "arrays in the structure of the model's inputs, nested lists of numbers, or batches that can "
    "be gone through more than once"
)


class NewStatistics:
    """Sets a model's batch normalization statistics to those of data, for weights as they are.

    Args:
        model: The model; looked at when it is built.
        kind: The kind of averages; the mean ("swa") needs it.
        data: Arrays or batches, or None.
        steps: Number of batches, None for all.
        owner: The callback, for errors.

    Raises:
        ValueError: If there are no data where they are needed.
    """

    def __init__(self, model: Any, kind: str, data: Any, steps: int | None, owner: object):
        self._kind, self._data, self._steps, self._owner = kind, data, steps, owner
        self._reestimation: Reestimation | None = None
        if model.built:
            self.needed(model)

    def needed(self, model: keras.Model) -> bool:
        """Returns whether a built model gets new statistics."""
        norms = [each for each in every_layer(model) if isinstance(each, BatchNormalization)]
        if not any(norm.trainable for norm in norms):
            return False
        if self._data is None and self._kind == "swa":
            expected = "training inputs, as the model has batch normalization"
            fix = "The mean of weights needs statistics of its own."
            _checks.refuse("batch_norm_data", None, self._owner, expected, fix=fix)
        if self._data is not None and self._reestimation is None:
            self._reestimation = Reestimation(model, self._owner)
        return self._reestimation is not None

    def set(self) -> None:
        """Sets them."""
        assert self._reestimation is not None
        names = ("batch_norm_data", "batch_norm_steps")
        self._reestimation.run(self._data, self._steps, BATCH_SIZE, names)


def checked_data(name: str, data: Any, owner: object) -> Any:
    """Returns arrays or batches; nested lists of numbers become an array."""
    leaves = [] if isinstance(data, str) else tree.flatten(data)
    if leaves and all(isinstance(leaf, numbers.Real) for leaf in leaves):
        try:
            array = np.asarray(data)
        except ValueError:  # lists of different lengths
            _checks.refuse(name, data, owner, _EXPECTED)
        dtype = keras.config.floatx() if array.dtype.kind == "f" else "int32"
        if array.ndim == 0:
            _checks.refuse(name, data, owner, _EXPECTED, error=TypeError)
        return array.astype(dtype)
    if _are_arrays(data):
        return data
    if isinstance(data, str | dict) or not isinstance(data, Iterable):
        _checks.refuse(name, data, owner, _EXPECTED, error=TypeError)
    if isinstance(data, Iterator):
        fix = "An iterator is empty after the first time."
        _checks.refuse(name, data, owner, _EXPECTED, fix=fix, error=TypeError)
    return data


def in_config(data: Any) -> Any:
    """Returns data as a config holds them: arrays as Keras saves these, all else as it is."""
    if data is None or not _are_arrays(data):
        return data
    return tree.map_structure(keras.saving.serialize_keras_object, data)


def from_config(data: Any) -> Any:
    """Returns what `in_config` was given."""
    return keras.saving.deserialize_keras_object(data)


def _are_arrays(data):
    leaves = [] if isinstance(data, str) else tree.flatten(data)
    return bool(leaves) and all(hasattr(leaf, "shape") for leaf in leaves)
