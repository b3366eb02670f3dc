"""Validation beside that of `fit`: its data, its weights, and that training does not notice it."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from kerasreg import _checks
from kerasreg._backend.averaged_variables import averaged_variables
from kerasreg._backend.device_copy import DeviceCopy
from kerasreg._backend.every_layer import every_layer, own_weights
from kerasreg._backend.random_states import kept_random_states
from kerasreg._backend.running_fit import running_fit
from kerasreg._backend.weight_averages import averages_of

_DATA = "data as `fit` takes for validation: (x, y), (x, y, sample_weight) or a dataset"


def validate_unnoticed(
    model: Any, data: Any, batch_size: int | None = None, steps: int | None = None
) -> dict[str, float]:
    """Returns what `evaluate` says of some data, by names without `val_`, and leaves no trace.

    Callable from any hook of a callback, also after a batch. Training goes on bit for bit as if
    nothing had happened: its running metrics, what layers keep beside their weights (seeds, counts,
    moving statistics), and on PyTorch the state of the random generators and the mode of the model.

    No callback hears of it. Metrics that a callback has added to the model are in the result.

    Args:
        model: A compiled model.
        data: As `fit` takes `validation_data`: a tuple `(x, y)` or `(x, y, sample_weight)` of
            arrays, a `tf.data.Dataset`, a `keras.utils.PyDataset` or the like.
        batch_size: Examples in a batch, for arrays. Defaults to that of Keras.
        steps: Number of batches; all by default.
    """
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    with unnoticed(model):
        return model.evaluate(
            x,
            y,
            batch_size=batch_size,
            verbose=0,
            sample_weight=sample_weight,
            steps=steps,
            return_dict=True,
        )


@contextlib.contextmanager
def unnoticed(model: Any) -> Iterator[None]:
    """Puts back in the end what `evaluate` or `predict` may change; not weights in training."""
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()
    variables = _passing_state(model)
    # Copies: JAX gives the memory of a variable away, the others write over it.
    values = [np.array(ops.convert_to_numpy(variable.value)) for variable in variables]
    training_mode = getattr(model, "training", None)  # of a `torch.nn.Module`
    stop_evaluating = getattr(model, "stop_evaluating", False)
    with kept_random_states():
        try:
            yield
        finally:
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
            model.stop_evaluating = stop_evaluating
            if training_mode is not None and keras.config.backend() == "torch":
                model.train(training_mode)


def _passing_state(model):
    """Returns all variables of a model but the weights that are trained or were frozen."""
    layers = [model, *every_layer(model)]
    weights = {id(v) for layer in layers for v in own_weights(layer)}
    variables = [*model.metrics_variables, *model.non_trainable_variables]
    return list({id(v): v for v in variables if id(v) not in weights}.values())


@contextlib.contextmanager
def averages_in_place(model: Any) -> Iterator[None]:
    """Within it, a model has the moving averages that its optimizer keeps; they come back."""
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()
    averages = averaged_variables(model)
    variables = [variable for variable in model.weights if id(variable) in averages]
    if not variables:
        yield
        return
    raw = DeviceCopy(variables)
    raw.take()
    for variable in variables:
        variable.assign(np.array(ops.convert_to_numpy(averages[id(variable)].value)))
    try:
        yield
    finally:
        for index, variable in enumerate(variables):
            raw.put(index, variable)


def as_validated(model: Any) -> contextlib.AbstractContextManager:
    """Within it, a model has the weights that the running `fit` validates; its own come back.

    They are averages where a `WeightAveraging` or a `keras.callbacks.SwapEMAWeights` puts these in
    place for the validation, wherever it stands among the callbacks.
    """
    fit = running_fit(model)
    swaps = fit is not None and any(
        isinstance(each, keras.callbacks.SwapEMAWeights) for each in fit.callbacks.callbacks
    )
    if swaps or averages_of(model) is not None:
        return averages_in_place(model)
    return contextlib.nullcontext()


def checked_data(name: str, data: Any, owner: object) -> Any:
    """Returns an argument that holds data to evaluate again and again; lists become arrays.

    Args:
        name: The argument.
        data: A tuple `(x, y)` or `(x, y, sample_weight)`, or a dataset.
        owner: The callback, for errors.

    Raises:
        TypeError: If it is something else, or can be gone through once only.
        ValueError: If the arrays differ in length or are empty.
    """
    if not isinstance(data, tuple | list):
        if hasattr(data, "shape"):
            received = f"an array of the shape {tuple(data.shape)}"
            _checks.refuse(name, received, owner, _DATA, error=TypeError)
        if isinstance(data, str | dict) or not _can_be_read(data):
            _checks.refuse(name, data, owner, _DATA, error=TypeError)
        return data
    if len(data) not in (2, 3):
        _checks.refuse(name, f"{len(data)} items", owner, _DATA)
    arrays = [_array(item) for item in data]
    leaves = tree.flatten([array for array in arrays if array is not None])
    shapes = [tuple(getattr(leaf, "shape", ())) for leaf in leaves]
    if not all(shapes):
        _checks.refuse(name, data, owner, _DATA, error=TypeError)
    sizes = {shape[0] for shape in shapes}
    if len(sizes) > 1 or 0 in sizes:
        expected = "at least one example, as many in each array"
        _checks.refuse(name, f"arrays of the shapes {shapes}", owner, expected)
    return tuple(arrays)


def _array(item):
    if isinstance(item, list) and not any(hasattr(leaf, "shape") for leaf in tree.flatten(item)):
        array = np.asarray(item)
        return array.astype(keras.config.floatx()) if array.dtype.kind == "f" else array
    return item


def _can_be_read(data):
    """Returns whether data can be gone through, and not once only."""
    return hasattr(data, "__getitem__") or (
        hasattr(data, "__iter__") and not hasattr(data, "__next__")
    )
