"""A stored copy of a model's weights."""

from typing import Any

import keras
import numpy as np

from kerasreg import _checks
from kerasreg._backend.averaged_variables import averaged_variables


class Snapshot:
    """One copy of `model.weights` in host memory, overwritten in place when taken anew.

    With an optimizer that averages (`use_ema=True`) it holds the averages, which are what `fit`
    would leave in the model if it ended now. What is not a Keras model is read and written by its
    `get_weights` and `set_weights`.

    Args:
        values: The stored values in the order of `model.get_weights()`; None while empty.
    """

    def __init__(self, values: Any = None):
        self.values = values

    def take(self, model: Any) -> None:
        """Stores the weights of a model."""
        if not isinstance(model, keras.Model):
            self.values = model.get_weights()
            return
        averages = averaged_variables(model)
        variables = [averages.get(id(variable), variable) for variable in model.weights]
        buffers = self.values or []
        if len(buffers) != len(variables):
            buffers = [None] * len(variables)
        self.values = [_copied(v, buffer) for v, buffer in zip(variables, buffers, strict=True)]

    def put(self, model: Any, owner: object) -> None:
        """Writes the stored weights into a model, and into its averages if it has them."""
        if not isinstance(model, keras.Model):
            if not hasattr(model, "set_weights"):
                _checks.refuse("model", model, owner, "a Keras model", error=TypeError)
            model.set_weights(self.values)
            return
        if hasattr(model, "jax_state_sync"):
            model.jax_state_sync()
        shapes = [value.shape for value in self.values]
        if shapes != [tuple(variable.shape) for variable in model.weights]:
            _checks.refuse("model", model, owner, f"a model with weights of the shapes {shapes}")
        averages = averaged_variables(model)
        for variable, value in zip(model.weights, self.values, strict=True):
            variable.assign(value)
            if id(variable) in averages:
                # Keras may yet overwrite the variable with its average: on JAX it does so
                # even when `fit` ends by an exception.
                averages[id(variable)].assign(value)


def _copied(variable: Any, buffer: Any) -> np.ndarray:
    value = variable.numpy()
    if buffer is None or (buffer.shape, buffer.dtype) != (value.shape, value.dtype):
        return np.array(value)
    np.copyto(buffer, value)
    return buffer
