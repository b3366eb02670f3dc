"""Early stopping with the best weights kept."""

import os
from typing import Any

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.callbacks._folder import checked_folder
from kerasreg.callbacks._monitor import Monitor
from kerasreg.callbacks._say import say
from kerasreg.callbacks.stopping._arguments import (
    checked_criterion,
    checked_every_steps,
    checked_restore,
    serialized_data,
)
from kerasreg.callbacks.stopping._nonfinite import checked_policy
from kerasreg.callbacks.stopping._reported import report_of
from kerasreg.callbacks.stopping._session import Session
from kerasreg.callbacks.stopping.patience import Patience
from kerasreg.callbacks.stopping.stopping_report import StoppingReport, StopReason, place


@register
class EarlyStopping(keras.callbacks.EarlyStopping):
    """Early stopping.

    Watches a value after each epoch, stores a copy of the weights whenever it is the best so far,
    and stops when it has not improved for `patience` validations: the number of steps becomes a
    tuned hyperparameter that bounds how far the weights travel. In the end the model has the best
    weights, whether training was stopped or ran out. Ctrl-C stops after the batch, restores them
    and goes on (a second one at once); after other exceptions `stopper.restore(model)` does it.

    `keras.callbacks.EarlyStopping` with the same arguments in the same places. It differs:

    - The best weights come back by default. They are those of the best value, however little
      better: `min_delta` governs the patience alone, while Keras passes over an epoch that is
      better by less.
    - A NaN or infinite value is never the best; it counts as an epoch without improvement.
    - A wrong `monitor` is an error as soon as the name could be in the logs, where Keras warns
      after every epoch; epochs without validation (`validation_freq`) pass without a warning.
    - `mode="auto"` also knows the losses and metrics of a model with several outputs.
    - With an optimizer that averages the weights (`use_ema=True`) the averages come back, as if
      `fit` had ended there; Keras puts raw weights over them. The value is that of the averages
      with `every_steps` or a `keras.callbacks.SwapEMAWeights`, else that of the raw weights.

    With `every_steps` it validates inside of the epochs, and training does not notice: the history,
    the weights, the seeds and the optimizer are the same, bit for bit. A training loss among the
    monitored is then Keras' running one. In a loop of your own, call the hooks yourself:

        stopper.set_model(model)
        stopper.on_train_begin()
        for step, (x, y) in enumerate(batches):
            logs = model.train_on_batch(x, y, return_dict=True)
            stopper.on_train_batch_end(step, logs)
            if model.stop_training:
                break
        stopper.on_train_end()

    With `snapshot_dir` nothing is lost when the process is killed. Run the same script again, with
    `keras.callbacks.BackupAndRestore` behind this callback in the list: validations that Keras'
    backup does not know are made again, best weights stay, and the decision to stop is the same.

    Differs from the book's algorithm 7.1 in counting from the last change by more than `min_delta`,
    in `baseline`, and in `start_from_epoch`; `restore="k-p"` is its rule.

    Args:
        monitor: Name of the value to watch, as in the logs of `fit`; a dict from names to weights
            above 0 for the weighted sum, in which values to be maximised have a minus sign; or a
            list of names, of which the second decides between equal values of the first, and so on.
            Defaults to `"val_loss"`.
        min_delta: Least change that the patience takes for an improvement, in the unit of the
            value, at least 0. Defaults to 0.
        patience: Validations without improvement after which to stop, an integer of at least 0; 0
            is like 1. Defaults to 0.
        verbose: 1 prints when training is stopped and when weights are restored. Defaults to 0.
        mode: `"min"` or `"max"`; `"auto"` minimises losses and asks metrics; or a dict from names
            to these. Defaults to `"auto"`.
        baseline: Value that an improvement must beat to reset the patience. Defaults to None.
        restore_best_weights: Decides over `restore` when True (`"best"`) or False (`"last"`).
            Defaults to None.
        start_from_epoch: Epochs to pass over first, at least 0; their weights are never stored.
            Defaults to 0.
        criterion: When to stop, in place of the patience: `Patience`, `GeneralizationLoss`,
            `ProgressQuotient`, `SuccessiveIncreases`, `Threshold`, `Divergence`, `TimeLimit`,
            `Any`, `All` or your own `Criterion`. Defaults to None.
        restore: Which weights the model has in the end: `"best"`; `"k-p"`, those of the last
            improvement that the patience counted; `TopK(k)`, the mean of several; or `"last"` to
            leave it as it is. Defaults to `"best"`.
        restore_optimizer: Whether the optimizer comes back too, with its moments, averages,
            learning rate and iteration count. Defaults to False.
        every_steps: Training steps between validations, at least 1 and at most all of `fit`, a
            multiple of the model's `steps_per_execution`; None for one after each epoch. Defaults
            to None.
        validation_data: What to validate with inside of the epochs: `(x, y)`,
            `(x, y, sample_weight)` or a dataset. Defaults to None, the validation data of `fit`.
        snapshot_dir: Folder on a local disk for the state and the best weights, which are then not
            held in memory. One training a folder. Defaults to None.
        resume: True goes on with what the last training saw, in this object or `snapshot_dir`,
            False never does. Defaults to None: with a folder whose training did not end.
        on_nonfinite: What to do when a value is NaN or infinite: `"ignore"`, `"stop"` or
            `Rollback(...)`. Defaults to `"ignore"`.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument has a wrong value; during training, if `monitor` is not among the
            logs, or `mode="auto"` cannot know whether to minimise it.
        RuntimeError: If there is a `snapshot_dir` and `BackupAndRestore` stands before it.

    Example:
        >>> import keras, kerasreg
        >>> import numpy as np
        >>> model = keras.Sequential([keras.layers.Dense(1)])
        >>> model.compile(keras.optimizers.SGD(0.0), "mse")
        >>> stopper = kerasreg.callbacks.EarlyStopping("loss", patience=3)
        >>> history = model.fit(np.zeros((4, 2)), np.ones(4), epochs=9, callbacks=[stopper],
        ...                     verbose=0)
        >>> print(stopper.report)
        Stopped after epoch 4: no improvement of loss that counts in 3 validations. Best loss: 1 in
        epoch 1, whose weights were restored.

    Reference:
        Goodfellow, Bengio, Courville 2016, Deep Learning, algorithm 7.1, MIT Press.
        Prechelt 1998, Early Stopping - But When?, LNCS 1524.
    """

    def __init__(
        self,
        monitor="val_loss",
        min_delta=0,
        patience=0,
        verbose=0,
        mode="auto",
        baseline=None,
        restore_best_weights=None,
        start_from_epoch=0,
        *,
        criterion=None,
        restore="best",
        restore_optimizer=False,
        every_steps=None,
        validation_data=None,
        snapshot_dir=None,
        resume=None,
        on_nonfinite="ignore",
    ):
        keras.callbacks.Callback.__init__(self)  # nothing of Keras' own state is used
        self.monitor, self.mode = monitor, mode
        self._monitor = Monitor(monitor, mode, self)
        self.min_delta = _checks.number("min_delta", min_delta, self, low=0)
        self.patience = _checks.whole("patience", patience, self)
        self.verbose = (
            verbose if isinstance(verbose, bool) else _checks.whole("verbose", verbose, self)
        )
        self.baseline = None if baseline is None else _checks.number("baseline", baseline, self)
        if restore_best_weights is not None:
            _checks.boolean("restore_best_weights", restore_best_weights, self)
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = _checks.whole("start_from_epoch", start_from_epoch, self)
        self.criterion = criterion
        rule = Patience(self.patience, self.min_delta, baseline=self.baseline)
        self._criterion = checked_criterion(criterion, rule, self)
        # Not `restore`: that is the method.
        self._restore = checked_restore(restore, self._criterion, self)
        self.restore_optimizer = _checks.boolean("restore_optimizer", restore_optimizer, self)
        self.every_steps = checked_every_steps(every_steps, validation_data, self)
        self.validation_data = validation_data
        self.snapshot_dir = checked_folder("snapshot_dir", snapshot_dir, self)
        self.resume = None if resume is None else _checks.boolean("resume", resume, self)
        self.on_nonfinite = checked_policy(on_nonfinite, self)
        if self.every_steps or getattr(self._criterion, "deadline_seconds", None) is not None:
            # A hook after each batch makes Keras wait for the batch: only where it is needed.
            self.on_train_batch_end = self._end_batch
        self._session = Session(self)
        self._show()

    @property
    def rule(self) -> Any:
        """Which weights come back: "best", "k-p", "last" or a `TopK`."""
        if self.restore_best_weights is not None:
            return "best" if self.restore_best_weights else "last"
        return self._restore

    @property
    def best_weights(self) -> Any:
        """The best stored weights in the order of `model.get_weights()`, None while none are."""
        kept = self._session.run.kept
        return kept.best_values(self.model) if kept else None

    @best_weights.setter
    def best_weights(self, values: Any) -> None:
        self._session.run.keep_values(values)

    @property
    def report(self) -> StoppingReport:
        """When and why training ended, the best value and the whole curve; at any time."""
        return report_of(self._session.run, self.rule, self.every_steps is not None)

    def restore(self, model: Any = None) -> bool:
        """Puts the stored weights into the model; for use after an exception in `fit`.

        Those in `snapshot_dir` also in another process.

        Args:
            model: A model of the same architecture. Defaults to the one that was fitted.

        Returns:
            False if no weights were stored, and the model is as it was.
        """
        model = self.model if model is None else model
        optimizer = self.restore_optimizer and model is self.model
        return self._session.run.restore(model, self, optimizer=optimizer)

    def on_train_begin(self, logs=None):
        earlier = self._session if self.resume and self._session.run.beginnings else None
        self._session = Session(self, self.model)
        self._session.begin(earlier, self._end_interrupted)
        self._show()

    def on_epoch_begin(self, epoch, logs=None):
        self._session.begin_epoch(epoch)

    def _end_batch(self, batch, logs=None):
        self._session.end_batch(batch, logs or {})
        self._show()

    def on_test_begin(self, logs=None):  # an interrupted epoch is not validated
        self._session.let_interrupt_go_on()

    def on_epoch_end(self, epoch, logs=None):
        self._session.end_epoch(epoch, logs or {})
        self._show()
        self._session.let_interrupt_go_on()

    def get_monitor_value(self, logs):
        """Returns the monitored value as a float, None in an epoch without validation."""
        measured = self._monitor.read(logs or {}, None, self.model)
        return None if measured is None else measured.value

    def _show(self) -> None:
        run = self._session.run
        self.best = run.best.value if run.best else None
        self.best_epoch = run.best.epoch if run.best else 0
        self.wait = run.wait
        self.stopped_epoch = run.stopped.epoch if run.stopped else 0
        self.monitor_op = None
        if run.curve is not None:
            self.monitor_op = ops.less if run.curve.direction == "min" else ops.greater

    def on_train_end(self, logs=None):
        self._session.end()
        if self._session.run.stopped is not None:
            where = self._at(self._session.run.stopped)
            say(f"{where.capitalize()}: early stopping", self.verbose)
        self._restore_in_the_end()
        self._session.run.save(finished=True)
        self._show()

    def _restore_in_the_end(self) -> None:
        if self.rule != "last" and self.restore():
            say(f"Restored the weights, best in {self._at(self._session.run.best)}.", self.verbose)

    def _at(self, mark: Any) -> str:
        return place(mark.epoch, mark.step if self.every_steps else None)

    def _end_interrupted(self) -> None:
        self._session.run.reason = StopReason.INTERRUPTED
        self._session.interrupt = None
        self._restore_in_the_end()

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            "monitor": self.monitor,
            "min_delta": self.min_delta,
            "patience": self.patience,
            "verbose": self.verbose,
            "mode": self.mode,
            "baseline": self.baseline,
            "restore_best_weights": self.restore_best_weights,
            "start_from_epoch": self.start_from_epoch,
            "criterion": serialize(self.criterion),
            "restore": serialize(self._restore),
            "restore_optimizer": self.restore_optimizer,
            "every_steps": self.every_steps,
            "validation_data": serialized_data(self.validation_data, self),
            "snapshot_dir": self.snapshot_dir and os.fspath(self.snapshot_dir),
            "resume": self.resume,
            "on_nonfinite": serialize(self.on_nonfinite),
        }

    @classmethod
    def from_config(cls, config):
        """Returns a callback with the arguments that `get_config` gave."""
        objects = ("criterion", "restore", "on_nonfinite", "validation_data")
        made = {k: keras.saving.deserialize_keras_object(config[k]) for k in objects if k in config}
        return cls(**{**config, **made})
