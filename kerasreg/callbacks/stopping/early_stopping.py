"""Early stopping with the best weights kept."""

import logging
from typing import Any

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._backend.metric_direction import metric_direction
from kerasreg._backend.running_fit import running_fit
from kerasreg._register import register
from kerasreg.callbacks.stopping._interrupt import Interrupt, watch
from kerasreg.callbacks.stopping._monitored_value import monitored_value
from kerasreg.callbacks.stopping._snapshot import Snapshot
from kerasreg.callbacks.stopping.curve import Curve
from kerasreg.callbacks.stopping.patience import Patience
from kerasreg.callbacks.stopping.stopping_report import StoppingReport, StopReason


@register
class EarlyStopping(keras.callbacks.EarlyStopping):
    """Early stopping.

    Watches a value after each epoch, stores a copy of the weights whenever it is the best so
    far, and stops when it has not improved for `patience` validations: the number of steps
    becomes a tuned hyperparameter that bounds how far the weights travel. In the end the model
    has the weights of the best epoch, whether training was stopped or ran out. Ctrl-C stops
    after the batch, restores them and goes on as `KeyboardInterrupt` (a second one gets through
    at once); after any other exception `stopper.restore(model)` does it. `stopper.report` says
    what happened.

    `keras.callbacks.EarlyStopping` with the same arguments in the same places. It differs:

    - The best weights come back by default.
    - They are those of the best value, however little better: `min_delta` governs the patience
      alone, while Keras passes over an epoch that is better by less. `best` and `best_epoch`
      likewise.
    - A NaN or infinite value is never the best; it counts as an epoch without improvement.
    - A wrong `monitor` is an error as soon as the name could be in the logs, where Keras warns
      after every epoch; epochs without validation (`validation_freq`) pass without a warning.
    - `mode="auto"` also knows the losses and metrics of a model with several outputs.
    - With an optimizer that averages the weights (`use_ema=True`) the averages of the best epoch
      come back, as if `fit` had ended there; Keras puts raw weights over the averages. The
      optimizer's averages are set with them; nothing else of the optimizer is touched, nor are
      the seeds of random layers.

    Differs from the book's algorithm 7.1 in counting from the last change by more than
    `min_delta`, in `baseline`, and in `start_from_epoch`.

    Attributes `best`, `best_epoch`, `wait`, `stopped_epoch` (0 if not stopped) and
    `best_weights` are as in Keras; epochs count from 0.

    Args:
        monitor: Name of the value to watch, as in the logs of `fit`. Defaults to `"val_loss"`.
        min_delta: Least change that the patience takes for an improvement, in the unit of the
            value, at least 0. Defaults to 0.
        patience: Validations without improvement after which to stop, an integer of at least 0;
            0 is like 1. Defaults to 0.
        verbose: 1 prints when training is stopped and when weights are restored. Defaults to 0.
        mode: `"min"` or `"max"`; `"auto"` minimises losses and asks metrics. Defaults to
            `"auto"`.
        baseline: Value that an improvement must beat to reset the patience. Defaults to None.
        restore_best_weights: Decides over `restore` when True (`"best"`) or False (`"last"`).
            Defaults to None.
        start_from_epoch: Epochs to pass over first, at least 0; their weights are never stored.
            Defaults to 0.
        restore: Which weights the model has in the end: `"best"`, or `"last"` to leave it as it
            is; nothing is stored then. Defaults to `"best"`.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument has a wrong value; during training, if `monitor` is not among
            the logs, or `mode="auto"` cannot know whether to minimise it.

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
        restore="best",
    ):
        super().__init__()
        self.monitor = _checks.instance("monitor", monitor, self, str, "the name of a metric")
        if not monitor:
            _checks.refuse("monitor", monitor, self, "the name of a metric")
        self.min_delta = _checks.number("min_delta", min_delta, self, low=0)
        self.patience = _checks.whole("patience", patience, self)
        self.verbose = (
            verbose if isinstance(verbose, bool) else _checks.whole("verbose", verbose, self)
        )
        self.mode = _checks.choice("mode", mode, self, ("auto", "min", "max"))
        if baseline is not None:
            baseline = _checks.number("baseline", baseline, self)
        self.baseline = baseline
        if restore_best_weights is not None:
            restore_best_weights = _checks.boolean(
                "restore_best_weights", restore_best_weights, self
            )
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = _checks.whole("start_from_epoch", start_from_epoch, self)
        # Not `restore`: that is the method.
        self._restore = _checks.choice("restore", restore, self, ("best", "last"))
        self._start_afresh()

    def _start_afresh(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best: float | None = None
        self.best_epoch = 0
        self.best_weights = None
        self.monitor_op = None
        self._curve: Curve | None = None
        self._interrupt: Interrupt | None = None
        self._validates: bool | None = None
        self._reason = StopReason.UNFINISHED
        self._restored = False

    @property
    def best_weights(self) -> Any:
        """The stored weights in the order of `model.get_weights()`, None while there are none."""
        return self._snapshot.values

    @best_weights.setter
    def best_weights(self, values: Any) -> None:
        self._snapshot = Snapshot(values)

    @property
    def report(self) -> StoppingReport:
        """When and why training ended, the best value and the whole curve; at any time."""
        curve = self._curve
        return StoppingReport(
            monitor=self.monitor,
            direction=curve.direction if curve else None,
            reason=self._reason,
            best_value=self.best,
            best_epoch=None if self.best is None else self.best_epoch,
            stopped_epoch=self.stopped_epoch if self._reason is StopReason.PATIENCE else None,
            waited=self.wait,
            epochs=tuple(curve.epochs) if curve else (),
            values=tuple(curve.values) if curve else (),
            restored=self._restored,
        )

    def restore(self, model: Any = None) -> bool:
        """Puts the stored best weights into the model; for use after an exception in `fit`.

        Args:
            model: A model of the same architecture. Defaults to the one that was fitted.

        Returns:
            False if no weights were stored, and the model is as it was.
        """
        if self.best_weights is None:
            return False
        self._snapshot.put(self.model if model is None else model, self)
        self._restored = True
        return True

    def on_train_begin(self, logs=None):
        self._start_afresh()
        model = self.model
        fit = running_fit(model)
        self._validates = fit.validates if fit else None
        if self._keeps_best():
            self._interrupt = watch(model, self._end_interrupted)

    def on_test_begin(self, logs=None):
        # An interrupted epoch is not validated.
        self._let_interrupt_go_on()

    def on_epoch_end(self, epoch, logs=None):
        # An interrupted epoch counts only if it came to its validation: its training metrics
        # are those of some batches.
        complete = self.monitor.startswith("val_") and self.monitor in (logs or {})
        if complete or not self._interrupted():
            value = self.get_monitor_value(logs)
            if value is not None:
                self._take_in(epoch, value)
        self._let_interrupt_go_on()

    def get_monitor_value(self, logs):
        """Returns the monitored value as a float, None in an epoch without validation."""
        seen = self._curve is not None
        return monitored_value(self.monitor, logs or {}, self, seen=seen, validates=self._validates)

    def _take_in(self, epoch: int, value: float) -> None:
        if self._curve is None:
            self._curve = Curve(self._direction())
            self.monitor_op = ops.less if self._curve.direction == "min" else ops.greater
        self._curve.add(epoch, value)
        if epoch < self.start_from_epoch:
            return
        if self._curve.improves(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self._keeps_best():
                self._snapshot.take(self.model)
        rule = Patience(self.patience, self.min_delta, self.baseline)
        counted = self._curve.since(self.start_from_epoch)
        self.wait = rule.waited(counted)
        stop, reason = rule.decide(counted)
        if stop and reason:
            self._reason = reason
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _direction(self) -> str:
        if self.mode != "auto":
            return self.mode
        direction = metric_direction(self.model, self.monitor)
        if direction is None:
            expected = f"'min' or 'max', as nothing says which is better for {self.monitor!r}"
            _checks.refuse("mode", self.mode, self, expected)
        return direction

    def on_train_end(self, logs=None):
        if self._interrupt:
            self._interrupt.release()
        self._let_interrupt_go_on()
        self._interrupt = None
        if self._reason is StopReason.UNFINISHED:
            stopped = getattr(self.model, "stop_training", False)
            self._reason = StopReason.ELSEWHERE if stopped else StopReason.COMPLETED
        if self._reason is StopReason.PATIENCE:
            self._say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        self._restore_best()

    def _restore_best(self) -> None:
        if self._keeps_best() and self.restore():
            self._say(f"Restored the weights of the best epoch: {self.best_epoch + 1}.")

    def _keeps_best(self) -> bool:
        if self.restore_best_weights is not None:
            return self.restore_best_weights
        return self._restore == "best"

    def _interrupted(self) -> bool:
        return self._interrupt is not None and self._interrupt.pending

    def _let_interrupt_go_on(self) -> None:
        if self._interrupt is not None and self._interrupt.pending:
            self._interrupt.go_on()

    def _end_interrupted(self) -> None:
        self._reason = StopReason.INTERRUPTED
        self._interrupt = None
        self._restore_best()

    def _say(self, message: str) -> None:
        if not self.verbose:
            return
        if keras.config.is_interactive_logging_enabled():
            print(message, flush=True)
        else:
            logging.getLogger("absl").info(message)

    def get_config(self):
        return {
            "monitor": self.monitor,
            "min_delta": self.min_delta,
            "patience": self.patience,
            "verbose": self.verbose,
            "mode": self.mode,
            "baseline": self.baseline,
            "restore_best_weights": self.restore_best_weights,
            "start_from_epoch": self.start_from_epoch,
            "restore": self._restore,
        }

    @classmethod
    def from_config(cls, config):
        """Returns a callback with the arguments that `get_config` gave."""
        return cls(**config)
