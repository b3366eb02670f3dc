"""A stored copy of what a model has learnt: on its device, or the mean of several."""

from collections.abc import Sequence
from typing import Any, Protocol

import keras
import numpy as np

from kerasreg import _checks
from kerasreg._backend.averaged_variables import averaged_variables
from kerasreg._backend.device_copy import DeviceCopy


class Snapshot(Protocol):
    """A copy of `model.weights`, and behind them perhaps of the optimizer's variables."""

    def take(self, model: Any, with_optimizer: bool) -> None:
        """Stores what a model has now, over what was stored before."""

    def shapes(self) -> list[tuple[int, ...]]:
        """Returns the shape of each stored value."""

    def array(self, index: int) -> np.ndarray:
        """Returns one stored value."""

    def put(self, index: int, variable: Any) -> None:
        """Assigns one stored value to a variable."""


def stored_variables(model: Any, with_optimizer: bool) -> list[Any]:
    """Returns the variables whose values a snapshot of a model holds.

    With an optimizer that averages (`use_ema=True`) the averages stand for the weights: they are
    what `fit` would leave in the model if it ended now.
    """
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()
    averages = averaged_variables(model)
    variables = [averages.get(id(variable), variable) for variable in model.weights]
    return variables + (list(model.optimizer.variables) if with_optimizer else [])


def put_back(snapshot: Snapshot, model: Any, owner: object, with_optimizer: bool) -> None:
    """Writes what is stored into a model, and into its averages if it has them."""
    _checks.instance("model", model, owner, keras.Model, "a Keras model")
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()
    weights = list(model.weights)
    shapes = snapshot.shapes()[: None if with_optimizer else len(weights)]
    variables = weights + (list(model.optimizer.variables) if with_optimizer else [])
    if shapes != [tuple(variable.shape) for variable in variables]:
        _checks.refuse("model", model, owner, f"a model with weights of the shapes {shapes}")
    averages = averaged_variables(model)
    for index, variable in enumerate(variables):
        snapshot.put(index, variable)
        if id(variable) in averages:
            # Keras may yet overwrite the variable with its average: on JAX it does so
            # even when `fit` ends by an exception.
            snapshot.put(index, averages[id(variable)])


class DeviceSnapshot:
    """One copy on the device, written over when it is taken anew."""

    def __init__(self) -> None:
        self.copy: Any = None

    def take(self, model: Any, with_optimizer: bool) -> None:
        """Stores what a model has now."""
        variables = stored_variables(model, with_optimizer)
        if self.copy is None or not _same(self.copy.variables, variables):
            self.copy = None  # before the new one takes its room
            self.copy = DeviceCopy(variables)
        self.copy.take()

    def shapes(self) -> list[tuple[int, ...]]:
        """Returns the shape of each stored value."""
        return [tuple(variable.shape) for variable in self.copy.variables]

    def array(self, index: int) -> np.ndarray:
        """Returns one stored value."""
        return self.copy.array(index)

    def put(self, index: int, variable: Any) -> None:
        """Assigns one stored value to a variable."""
        self.copy.put(index, variable)


class MeanSnapshot:
    """The mean of several copies, that of integers from the first.

    Args:
        snapshots: The copies.
    """

    def __init__(self, snapshots: Sequence[Snapshot]):
        self.snapshots = snapshots

    def take(self, model: Any, with_optimizer: bool) -> None:
        """Is not there: a mean is read only."""
        raise NotImplementedError

    def shapes(self) -> list[tuple[int, ...]]:
        """Returns the shape of each stored value."""
        return self.snapshots[0].shapes()

    def array(self, index: int) -> np.ndarray:
        """Returns the mean of one stored value."""
        first = self.snapshots[0].array(index)
        if first.dtype.kind in "iub":
            return first
        total = first.astype("float64")
        for snapshot in self.snapshots[1:]:
            total += snapshot.array(index).astype("float64")
        return (total / len(self.snapshots)).astype(first.dtype)

    def put(self, index: int, variable: Any) -> None:
        """Assigns the mean of one stored value to a variable."""
        variable.assign(self.array(index))


class RawSnapshot:
    """What `get_weights` of something that is no Keras model returned.

    Args:
        values: The values, as they are.
    """

    def __init__(self, values: Any = None):
        self.values = values

    def take(self, model: Any, with_optimizer: bool) -> None:
        """Stores what the model has now."""
        self.values = model.get_weights()

    def shapes(self) -> list[tuple[int, ...]]:
        """Returns the shape of each stored value."""
        return [np.shape(value) for value in self.values]

    def array(self, index: int) -> np.ndarray:
        """Returns one stored value."""
        return np.asarray(self.values[index])

    def put(self, index: int, variable: Any) -> None:
        """Assigns one stored value to a variable."""
        variable.assign(self.values[index])


def _same(variables, others):
    return len(variables) == len(others) and all(map(lambda a, b: a is b, variables, others))
