"""All data used after early stopping has found the training time on a part of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import tree

from kerasreg import _checks
from kerasreg.callbacks import EarlyStopping
from kerasreg.callbacks.stopping.stopping_report import StoppingReport

_OWNER = "refit"
_STRATEGIES = ("restart", "continue")
_DATA = "a tuple of arrays, (x, y) or (x, y, sample_weight)"


@dataclass(frozen=True)
class Refit:
    """What `refit` returns.

    Args:
        model: The model that was trained on all data.
        strategy: "restart" or "continue".
        steps: Updates on all data: from new weights ("restart"), or after the stop ("continue").
        found_steps: Updates up to the best validation, which early stopping found.
        reports: The report of early stopping, one for each fold.
        history: The logs of the training on all data, as in Keras' `History.history`.
        target: With "continue", the training loss at the stop, to be reached by the loss on the
            former validation data.
        reached: Whether it was; True with "restart".
        mean_curve: With folds, the mean of the monitored value over the folds, at each validation.
    """

    model: keras.Model
    strategy: str
    steps: int
    found_steps: int
    reports: tuple[StoppingReport, ...]
    history: dict[str, list[float]]
    target: float | None = None
    reached: bool = True
    mean_curve: tuple[float, ...] = field(default=())

    def __str__(self) -> str:
        """Returns what was found and what was done with it."""
        found = f"Best validation after {self.found_steps} steps"
        if len(self.reports) > 1:
            found += f" in the mean of {len(self.reports)} folds"
        if self.strategy == "restart":
            return f"{found}; trained on all data for {self.steps} steps from new weights."
        end = f"until the former validation loss {'fell to' if self.reached else 'was to fall to'}"
        return f"{found}; trained on all data for {self.steps} steps more, {end} {self.target:.6g}."


def refit(
    build: Callable[[], keras.Model],
    data: Any,
    stopper: EarlyStopping,
    strategy: str = "restart",
    *,
    validation_data: Any = None,
    validation_fraction: float = 0.2,
    folds: int | None = None,
    epochs: int = 1000,
    batch_size: int = 32,
    seed: int = 0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int = 0,
) -> Refit:
    """Early stopping without giving up data: the training time is found, then all data are used.

    Early stopping needs validation data, which the training then does without. First a model
    is trained on the rest and stopped; then

    - `"restart"` (algorithm 7.2): a new model is trained on all data, for as many updates as the
      best validation was made after. With `folds`, each of them is the validation data once, and
      the number of updates is the best of the mean of the curves, as far as all of them go.
    - `"continue"` (algorithm 7.3): the stopped model goes on with all data, epoch by epoch, until
      its loss on the former validation data is no higher than the training loss was at the stop.
      No new training is needed, but it need not end: `epochs` bounds it.

    No known difference from the book's algorithms. Both losses of `"continue"` are measured as at
    inference, penalties included. Updates are counted, not passes: of the two ways that the book
    names this is the one it writes down. With `steps_per_execution`, training ends on a multiple
    of it.

    Args:
        build: Function without arguments that returns a new, compiled model; called once for each
            training from new weights.
        data: All data for training, arrays: `(x, y)` or `(x, y, sample_weight)`, where each may be
            a list or dict of arrays.
        stopper: A `kerasreg.callbacks.EarlyStopping` that monitors the validation; without a
            `snapshot_dir`.
        strategy: `"restart"` or `"continue"`. Defaults to `"restart"`.
        validation_data: What to stop by, like `data` and not among it; it is added to it
            afterwards. Defaults to None, a part of `data` that is drawn at random.
        validation_fraction: The share that is drawn, between 0 and 1. Defaults to 0.2.
        folds: Number of parts for cross-validation, at least 2, with `"restart"` and without
            `validation_data`. Defaults to None, one split.
        epochs: The longest training, on either part of the way. Defaults to 1000.
        batch_size: Examples in an update. Defaults to 32.
        seed: Seed of the split. Defaults to 0.
        callbacks: Further callbacks, used in every training; they must do without validation data.
            Defaults to none.
        verbose: As in `fit`: 0, 1 or 2. Defaults to 0.

    Returns:
        A `Refit`: the model trained on all data, the steps, and the reports of early stopping.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument has a wrong value or the arrays differ in length, if `build`
            returns one model twice or one that is not compiled, or if no validation had a finite
            value.

    Example:
        >>> import keras, kerasreg
        >>> import numpy as np
        >>> def build():
        ...     model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        ...     model.compile("sgd", "mse")
        ...     return model
        >>> data = np.ones((10, 2)), np.ones((10, 1))
        >>> stopper = kerasreg.callbacks.EarlyStopping(patience=3)
        >>> found = kerasreg.models.refit(build, data, stopper, epochs=5, batch_size=4)
        >>> found.found_steps, found.steps  # 5 epochs of 8 examples
        (10, 10)

    Reference:
        Goodfellow, Bengio, Courville 2016, Deep Learning, MIT Press, algorithms 7.2 and 7.3.
    """
    _check_arguments(build, stopper, strategy, validation_data, folds)
    training = _Training(
        build,
        _checks.whole("epochs", epochs, _OWNER, low=1),
        _checks.whole("batch_size", batch_size, _OWNER, low=1),
        callbacks,
        verbose,
    )
    generator = np.random.default_rng(_checks.whole("seed", seed, _OWNER))
    data = _arrays("data", data)
    if validation_data is not None:
        rest, held_out = data, _arrays("validation_data", validation_data)
        data = _joined(rest, held_out)
        splits = [(rest, held_out)]
    else:
        splits = _splits(data, validation_fraction, folds, generator)
    stops = [training.stopped(rest, held_out, stopper) for rest, held_out in splits]
    reports = tuple(stop.report for stop in stops)
    mean_curve = _mean_curve(reports) if folds else ()
    found = stops[0].steps_at(_best(reports[0].direction, mean_curve) if folds else None)
    if strategy == "restart":
        model, history, steps = training.restarted(data, found)
        return Refit(model, strategy, steps, found, reports, history, mean_curve=mean_curve)
    ((rest, held_out),) = splits
    target = _loss(stops[0].model, rest, training.batch_size)
    history, steps, reached = training.continued(stops[0].model, data, held_out, target)
    return Refit(stops[0].model, strategy, steps, found, reports, history, target, reached)


@dataclass(frozen=True)
class _Stop:
    """A training that early stopping ended, with its best weights.

    Args:
        model: The model.
        report: What early stopping says.
        steps_per_epoch: Updates in an epoch.
    """

    model: keras.Model
    report: StoppingReport
    steps_per_epoch: int

    def steps_at(self, index: int | None) -> int:
        """Returns the updates before a validation; None for the best one."""
        report = self.report
        if report.step_level:
            return int(report.best_step if index is None else report.steps[index])  # type: ignore[arg-type]
        epoch = report.best_epoch if index is None else report.epochs[index]
        return (epoch + 1) * self.steps_per_epoch  # type: ignore[operator]


@dataclass(frozen=True)
class _Training:
    """How models are trained; the arguments are those of `refit`."""

    build: Callable[[], keras.Model]
    epochs: int
    batch_size: int
    callbacks: Sequence[keras.callbacks.Callback]
    verbose: int
    _built: list[keras.Model] = field(default_factory=list)

    def model(self) -> keras.Model:
        """Returns a new model."""
        model = self.build()
        _checks.instance("build", model, _OWNER, keras.Model, "a function that returns a model")
        if any(model is other for other in self._built):
            expected = "a function that returns a new model at each call"
            _checks.refuse("build", self.build, _OWNER, expected)
        if not model.compiled:
            _checks.refuse("build", model.name, _OWNER, "a function that returns a compiled model")
        self._built.append(model)
        return model

    def fit(self, model, data, callbacks=(), epochs=None, **arguments):
        """Trains a model and returns the logs."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        return model.fit(
            x,
            y,
            sample_weight=sample_weight,
            batch_size=self.batch_size,
            epochs=epochs or self.epochs,
            callbacks=[*self.callbacks, *callbacks],
            verbose=self.verbose,
            **arguments,
        ).history

    def steps_per_epoch(self, data) -> int:
        """Returns the number of batches in some data."""
        return -(-_examples(data) // self.batch_size)

    def stopped(self, data, held_out, stopper) -> _Stop:
        """Trains a new model until early stopping ends it."""
        model = self.model()
        self.fit(model, data, [stopper], validation_data=held_out)
        report = stopper.report
        if report.best_epoch is None:
            expected = f"a training with a finite value of {report.monitor}"
            _checks.refuse("stopper", report.monitor, _OWNER, expected)
        return _Stop(model, report, self.steps_per_epoch(data))

    def restarted(self, data, steps):
        """Trains a new model for a number of steps; returns it, the logs and the steps."""
        model = self.model()
        epochs = -(-steps // self.steps_per_epoch(data))
        counter = _StepCounter(steps)
        history = self.fit(model, data, [counter], epochs=epochs)
        return model, history, counter.steps

    def continued(self, model, data, held_out, target):
        """Trains a model on until a loss is reached; returns logs, steps and whether it was."""
        counter = _StepCounter()
        level = _Level(held_out, target, self.batch_size)
        if level.is_reached(model):
            return {}, 0, True
        history = self.fit(model, data, [counter, level])
        return history, counter.steps, level.reached


class _StepCounter(keras.callbacks.Callback):
    """Counts updates, and stops after some."""

    def __init__(self, most=None):
        super().__init__()
        self.most, self.steps, self._before = most, 0, 0

    def on_train_batch_end(self, batch, logs=None):
        self.steps = self._before + batch + 1
        if self.most is not None and self.steps >= self.most:
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        self._before = self.steps


class _Level(keras.callbacks.Callback):
    """Stops when the loss on some data is down to a level."""

    def __init__(self, data, target, batch_size):
        super().__init__()
        self.data, self.target, self.batch_size = data, target, batch_size
        self.reached = False

    def is_reached(self, model):
        self.reached = _loss(model, self.data, self.batch_size) <= self.target
        return self.reached

    def on_epoch_end(self, epoch, logs=None):
        if self.is_reached(self.model):
            self.model.stop_training = True


def _loss(model, data, batch_size):
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    arguments = {"sample_weight": sample_weight, "batch_size": batch_size}
    return model.evaluate(x, y, verbose=0, return_dict=True, **arguments)["loss"]


def _mean_curve(reports):
    """Returns the mean of the curves, as far as all go."""
    length = min(len(report.values) for report in reports)
    return tuple(np.mean([report.values[:length] for report in reports], axis=0).tolist())


def _best(direction, curve):
    sign = 1 if direction == "min" else -1
    values = sign * np.array(curve)
    if not np.isfinite(values).any():
        _checks.refuse("stopper", curve, _OWNER, "a training with finite values in every fold")
    return int(np.nanargmin(np.where(np.isfinite(values), values, np.nan)))


def _splits(data, fraction, folds, generator):
    """Returns pairs of the data to train on and to validate on."""
    fraction = _checks.number("validation_fraction", fraction, _OWNER, low=0, high=1)
    examples = _examples(data)
    order = generator.permutation(examples)
    if folds:
        if folds > examples:
            _checks.refuse("folds", folds, _OWNER, f"at most as many as there are data, {examples}")
        parts = np.array_split(order, folds)
    else:
        size = round(fraction * examples)
        if not 0 < size < examples:
            expected = f"a share that leaves a part of the {examples} examples on either side"
            _checks.refuse("validation_fraction", fraction, _OWNER, expected)
        parts = [order[:size]]
    return [(_rows(data, np.setdiff1d(order, part)), _rows(data, np.sort(part))) for part in parts]


def _rows(data, rows):
    return tree.map_structure(lambda array: array[rows], data)


def _joined(data, more):
    if len(data) != len(more):
        _checks.refuse("validation_data", f"{len(more)} items", _OWNER, f"{len(data)} items")
    return tree.map_structure(lambda a, b: np.concatenate([a, b]), data, more)


def _examples(data):
    return len(tree.flatten(data)[0])


def _arrays(name, data):
    """Returns data as a tuple of NumPy arrays or nests of them."""
    if not isinstance(data, tuple | list):
        _checks.refuse(name, data, _OWNER, _DATA, error=TypeError)
    if len(data) not in (2, 3):
        _checks.refuse(name, f"{len(data)} items", _OWNER, _DATA)
    arrays = tree.map_structure(keras.ops.convert_to_numpy, tuple(data))
    shapes = [array.shape for array in tree.flatten(arrays)]
    if not all(shapes) or len({shape[0] for shape in shapes}) > 1:
        expected = f"{_DATA}, as many examples in each"
        _checks.refuse(name, f"arrays of the shapes {shapes}", _OWNER, expected)
    return arrays


def _check_arguments(build, stopper, strategy, validation_data, folds):
    if not callable(build) or isinstance(build, keras.Model):
        expected = "a function without arguments that returns a new, compiled model"
        _checks.refuse("build", build, _OWNER, expected, error=TypeError)
    expected = "a kerasreg.callbacks.EarlyStopping"
    _checks.instance("stopper", stopper, _OWNER, EarlyStopping, expected)
    if stopper.snapshot_dir is not None:
        _checks.refuse("stopper", stopper.snapshot_dir, _OWNER, f"{expected} without snapshot_dir")
    _checks.choice("strategy", strategy, _OWNER, _STRATEGIES)
    if folds is None:
        return
    _checks.whole("folds", folds, _OWNER, low=2)
    if strategy != "restart" or validation_data is not None:
        expected = "None with `validation_data` and with strategy='continue', which use one split"
        _checks.refuse("folds", folds, _OWNER, expected)
