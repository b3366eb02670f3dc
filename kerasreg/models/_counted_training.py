"""Trainings of which the updates are counted: up to a stop, for some updates, down to a loss."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import keras

from kerasreg import _checks
from kerasreg.callbacks.stopping.stopping_report import StoppingReport
from kerasreg.models._held_out import examples_of


@dataclass(frozen=True)
class Stop:
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
class CountedTraining:
    """How models are trained, again and again.

    Args:
        build: Returns a new, compiled model.
        epochs: The longest training.
        batch_size: Examples in an update.
        callbacks: Callbacks of every training.
        verbose: As in `fit`.
        owner: Whose arguments these are, for errors.
    """

    build: Callable[[], keras.Model]
    epochs: int
    batch_size: int
    callbacks: Sequence[keras.callbacks.Callback]
    verbose: int
    owner: object
    _built: list[keras.Model] = field(default_factory=list)

    def model(self) -> keras.Model:
        """Returns a new model."""
        model = self.build()
        _checks.instance("build", model, self.owner, keras.Model, "a function that returns a model")
        if any(model is other for other in self._built):
            expected = "a function that returns a new model at each call"
            _checks.refuse("build", self.build, self.owner, expected)
        if not model.compiled:
            _checks.refuse(
                "build", model.name, self.owner, "a function that returns a compiled model"
            )
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
        return -(-examples_of(data) // self.batch_size)

    def stopped(self, data, held_out, stopper) -> Stop:
        """Trains a new model until early stopping ends it."""
        model = self.model()
        self.fit(model, data, [stopper], validation_data=held_out)
        report = stopper.report
        if report.best_epoch is None:
            expected = f"a training with a finite value of {report.monitor}"
            _checks.refuse("stopper", report.monitor, self.owner, expected)
        return Stop(model, report, self.steps_per_epoch(data))

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
        # The last of several steps in one execution may be beyond the end.
        self.steps = self._before + min(batch + 1, self.params.get("steps") or math.inf)
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
        self.reached = loss_of(model, self.data, self.batch_size) <= self.target
        return self.reached

    def on_epoch_end(self, epoch, logs=None):
        if self.is_reached(self.model):
            self.model.stop_training = True


def loss_of(model: keras.Model, data: tuple, batch_size: int) -> float:
    """Returns the loss of a model on arrays, as at inference, penalties included."""
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    arguments = {"sample_weight": sample_weight, "batch_size": batch_size}
    return model.evaluate(x, y, verbose=0, return_dict=True, **arguments)["loss"]
