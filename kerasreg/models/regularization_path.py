"""A model at several strengths of its penalty, each begun where the last one ended."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from rich.progress import track

from kerasreg import _checks
from kerasreg._path_rows import PathRow, RegularizationPath
from kerasreg._penalized_weights import weights_by_path
from kerasreg.callbacks import PenaltyMonitor

_OWNER = "regularization_path"
_STRENGTHS = "different numbers of at least 0, in any order"
_DATA = "what `Model.fit` takes: a tuple (inputs, targets), or a data set"


def regularization_path(
    build: Any,
    data: Any,
    strengths: Sequence[float],
    *,
    validation_data: Any = None,
    warm_start: bool = True,
    progress: bool = True,
    **fit_arguments: Any,
) -> RegularizationPath:
    """Fits a model at several strengths of its penalty, and says what becomes of it.

    From the largest strength to the smallest, as `sklearn.linear_model.lasso_path` goes, a model
    from `build` gets the weights of the one before, so that each fit is short; the optimizer
    begins anew. After each fit are recorded the weights with a penalty, the share of them that is
    exactly 0 (with `kerasreg.callbacks.ProximalStep` among the callbacks), and the losses of the
    training and the validation data without the penalty, as at inference.
    `kerasreg.report.plot_regularization_path` draws it all.

    Each strength is a model of its own, which is traced and compiled again. Callbacks are the same
    for all fits.

    Args:
        build: A function that takes a strength, a float, and returns a built and compiled model.
        data: What `Model.fit` takes: a tuple (inputs, targets) or (inputs, targets, weights) of
            arrays, or a data set that ends.
        strengths: Different numbers of at least 0, in any order.
        validation_data: As `data`. Defaults to None. It is also handed to `Model.fit`.
        warm_start: Whether each model gets the weights of the one before. Defaults to True.
        progress: Whether to show a progress bar. Defaults to True.
        **fit_arguments: Other arguments of `Model.fit`, such as `epochs`, `batch_size` and
            `callbacks`. `verbose` defaults to 0.

    Returns:
        A named tuple with `rows`, one for each strength, of which each is a named tuple as well:
        `strength`, `coefficients` (a dict from paths to arrays), `sparsity`, `data_loss`,
        `penalty`, `val_data_loss`, `epochs`. `best()` is the row with the lowest validation loss,
        `strengths` and `coefficients` have those of all rows, and `print` shows a table.

    Raises:
        TypeError: If an argument is of the wrong kind, or `build` returns no model.
        ValueError: If a strength is negative, not finite or twice there, or if a model is not built
            or not compiled, or has other weights than the one before.

    Example:
        >>> import keras, kerasreg
        >>> def build(strength):
        ...     penalty = kerasreg.regularizers.L2(strength)
        ...     dense = keras.layers.Dense(1, use_bias=False, kernel_regularizer=penalty)
        ...     model = keras.Sequential([keras.Input((2,)), dense])
        ...     model.compile(keras.optimizers.SGD(0.25), "mse")
        ...     return model
        >>> data = keras.ops.eye(2), keras.ops.array([[4.0], [2.0]])
        >>> path = kerasreg.models.regularization_path(
        ...     build, data, [0.5, 1.5], epochs=50, progress=False
        ... )
        >>> [(row.strength, round(row.data_loss, 3)) for row in path.rows]
        [(1.5, 5.625), (0.5, 2.5)]

    Reference:
        Friedman, Hastie, Tibshirani 2010, Regularization Paths for Generalized Linear Models via
        Coordinate Descent, Journal of Statistical Software 33(1).
    """
    if not callable(build):
        expected = "a function of a strength that returns a compiled model"
        _checks.refuse("build", build, _OWNER, expected, error=TypeError)
    for name, value in (("data", data), ("validation_data", validation_data)):
        if isinstance(value, list) or (value is None and name == "data"):
            _checks.refuse(name, type(value).__name__, _OWNER, _DATA, error=TypeError)
        if isinstance(value, tuple) and not 1 <= len(value) <= 3:
            _checks.refuse(name, f"{len(value)} items", _OWNER, _DATA)
    ordered = _checked_strengths(strengths)
    warm_start = _checks.boolean("warm_start", warm_start, _OWNER)
    progress = _checks.boolean("progress", progress, _OWNER)
    fit_arguments = {"verbose": 0, "validation_data": validation_data, **fit_arguments}
    rows: list[PathRow] = []
    model = weights = recorded = None
    for strength in track(ordered, _OWNER, disable=not progress):
        model = _built(build, strength, model, weights if warm_start else None)
        history = model.fit(**_unpacked(data), **fit_arguments)
        recorded = recorded or _recorded(model)
        coefficients = _coefficients(model, recorded)
        of_data, penalty, of_validation = _losses(model, data, validation_data, fit_arguments)
        found = coefficients, _zeros(coefficients), of_data, penalty, of_validation
        rows.append(PathRow(strength, *found, epochs=len(history.epoch)))
        weights = model.get_weights()
    return RegularizationPath(tuple(rows))


def _checked_strengths(strengths):
    if isinstance(strengths, str) or not np.iterable(strengths):
        _checks.refuse("strengths", strengths, _OWNER, _STRENGTHS, error=TypeError)
    checked = [_checks.number("strengths", each, _OWNER, low=0) for each in strengths]
    if not checked or len(set(checked)) < len(checked):
        _checks.refuse("strengths", strengths, _OWNER, _STRENGTHS)
    return sorted(checked, reverse=True)


def _built(build, strength, last, weights):
    model = build(strength)
    expected = "a function that returns a built and compiled model"
    _checks.instance("build", model, _OWNER, keras.Model, expected)
    if not (model.built and model.compiled):
        _checks.refuse("build", model, _OWNER, expected)
    if model is last:
        expected = "a function that returns a new model for each strength"
        _checks.refuse("build", model, _OWNER, expected)
    if weights is not None:
        if [np.shape(each) for each in weights] != [tuple(each.shape) for each in model.weights]:
            expected = "a function that returns a model of the same weights for each strength"
            fix = "With `warm_start=False` they may differ."
            _checks.refuse("build", model, _OWNER, expected, fix=fix)
        model.set_weights(weights)
    return model


def _recorded(model):
    """Returns the paths of the weights with a penalty, of all where none has one, and their places.

    Layers without a name get another one in each model; the weights are known by their places.
    """
    places = {id(weight): place for place, weight in enumerate(model.weights)}
    found = weights_by_path(model) or [(each.path, each) for each in model.trainable_weights]
    return {path: (places[id(each)], tuple(each.shape)) for path, each in found}


def _coefficients(model, recorded):
    coefficients = {}
    for path, (place, shape) in recorded.items():
        weight = model.weights[place] if place < len(model.weights) else None
        if weight is None or tuple(weight.shape) != shape:
            expected = "a function that returns a model of the same weights for each strength"
            _checks.refuse("build", model, _OWNER, expected)
        coefficients[path] = ops.convert_to_numpy(weight.value).copy()
    return coefficients


def _zeros(coefficients):
    zeros = sum(np.count_nonzero(each == 0) for each in coefficients.values())
    return float(zeros / max(sum(each.size for each in coefficients.values()), 1))


def _losses(model, data, validation_data, fit_arguments):
    """Returns data loss and penalty, and the data loss of the validation data or None."""
    size = fit_arguments.get("batch_size")
    training, validation = _evaluated(model, data, size), None
    if validation_data is not None:
        size = fit_arguments.get("validation_batch_size") or size
        validation = _evaluated(model, validation_data, size)["data_loss"]
    return training["data_loss"], training["penalty"], validation


def _evaluated(model, data, batch_size):
    callbacks = [PenaltyMonitor()]
    arguments = {"verbose": 0, "return_dict": True, "callbacks": callbacks}
    found = model.evaluate(**_unpacked(data), batch_size=batch_size, **arguments)
    return {name: float(found[name]) for name in ("data_loss", "penalty")}


def _unpacked(data):
    """Returns data as arguments of `fit` and `evaluate`."""
    parts = data if isinstance(data, tuple) else (data,)
    return dict(zip(("x", "y", "sample_weight"), parts, strict=False))
