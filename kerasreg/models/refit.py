"""All data used after early stopping has found the training time on a part of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from kerasreg import _checks
from kerasreg.callbacks import EarlyStopping
from kerasreg.callbacks._monitor import Monitor
from kerasreg.callbacks.stopping.stopping_report import StoppingReport
from kerasreg.models._counted_training import CountedTraining, loss_of
from kerasreg.models._held_out import checked_arrays, joined, splits_of

_OWNER = "refit"
_STRATEGIES = ("restart", "continue")


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
        stopper: A `kerasreg.callbacks.EarlyStopping` that monitors the validation; without
            `snapshot_dir`, `resume` and `validation_data` of its own.
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
    _check_callbacks(callbacks)
    training = CountedTraining(
        build,
        _checks.whole("epochs", epochs, _OWNER, low=1),
        _checks.whole("batch_size", batch_size, _OWNER, low=1),
        callbacks,
        verbose,
        _OWNER,
    )
    generator = np.random.default_rng(_checks.whole("seed", seed, _OWNER))
    data = checked_arrays("data", data, _OWNER)
    if validation_data is not None:
        rest, held_out = data, checked_arrays("validation_data", validation_data, _OWNER)
        data = joined(rest, held_out, _OWNER)
        splits = [(rest, held_out)]
    else:
        splits = splits_of(data, validation_fraction, folds, generator, _OWNER)
    stops = [training.stopped(rest, held_out, stopper) for rest, held_out in splits]
    reports = tuple(stop.report for stop in stops)
    mean_curve = _mean_curve(reports) if folds else ()
    found = stops[0].steps_at(_best(reports[0].direction, mean_curve) if folds else None)
    if strategy == "restart":
        model, history, steps = training.restarted(data, found)
        return Refit(model, strategy, steps, found, reports, history, mean_curve=mean_curve)
    ((rest, held_out),) = splits
    target = loss_of(stops[0].model, rest, training.batch_size)
    history, steps, reached = training.continued(stops[0].model, data, held_out, target)
    return Refit(stops[0].model, strategy, steps, found, reports, history, target, reached)


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


def _check_arguments(build, stopper, strategy, validation_data, folds):
    if not callable(build) or isinstance(build, keras.Model):
        expected = "a function without arguments that returns a new, compiled model"
        _checks.refuse("build", build, _OWNER, expected, error=TypeError)
    expected = "a kerasreg.callbacks.EarlyStopping"
    _checks.instance("stopper", stopper, _OWNER, EarlyStopping, expected)
    # What is kept from training to training, or chosen by data that stay the same, would mix them.
    for name in ("snapshot_dir", "resume", "validation_data"):
        if (value := getattr(stopper, name)) is not None and value is not False:
            _checks.refuse("stopper", f"EarlyStopping({name}=...)", _OWNER, f"one without `{name}`")
    monitor = Monitor(stopper.monitor, stopper.mode, stopper)
    if not monitor.needs_validation():
        what = f"{expected} that monitors the validation, as 'val_loss' does"
        _checks.refuse("stopper", monitor.label, _OWNER, what)
    _checks.choice("strategy", strategy, _OWNER, _STRATEGIES)
    if folds is None:
        return
    _checks.whole("folds", folds, _OWNER, low=2)
    if strategy != "restart" or validation_data is not None:
        expected = "None with `validation_data` and with strategy='continue', which use one split"
        _checks.refuse("folds", folds, _OWNER, expected)


def _check_callbacks(callbacks):
    expected = "a list of Keras callbacks"
    _checks.instance("callbacks", callbacks, _OWNER, Sequence, expected)
    for callback in callbacks:
        _checks.instance("callbacks", callback, _OWNER, keras.callbacks.Callback, expected)
