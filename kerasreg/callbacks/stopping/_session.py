"""The training that goes on, as the hooks of `EarlyStopping` tell it."""

import math
from collections.abc import Mapping
from typing import Any

import keras

from kerasreg._backend.running_fit import running_fit
from kerasreg.callbacks.stopping._interrupt import Interrupt, watch
from kerasreg.callbacks.stopping._kept_weights import KeptWeights, Mark
from kerasreg.callbacks.stopping._nonfinite import Nonfinite
from kerasreg.callbacks.stopping._resumption import (
    refuse_backup_before,
    refuse_shared_folder,
    take_over,
)
from kerasreg.callbacks.stopping._run import Run, updates_of
from kerasreg.callbacks.stopping._snapshot import DeviceSnapshot, RawSnapshot
from kerasreg.callbacks.stopping._state_folder import StateFolder
from kerasreg.callbacks.stopping._step_validation import StepValidation
from kerasreg.callbacks.stopping.rollback import Rollback
from kerasreg.callbacks.stopping.stopping_report import StopReason

_AFTER_ALL = 2**62


class Session:
    """One training, or the expectation of one, and the run that it adds to.

    Args:
        stopper: The callback.
        model: Its model, None if it has none yet.
    """

    def __init__(self, stopper: Any, model: Any = None):
        self.stopper, self.model = stopper, model
        stopper._monitor.start_afresh()
        self.nonfinite = Nonfinite(stopper.on_nonfinite, stopper)
        self.run = self._new_run()
        self.interrupt: Interrupt | None = None
        self.steps: StepValidation | None = None
        if stopper.every_steps:
            self.steps = StepValidation(stopper.every_steps, stopper.validation_data, stopper)
        self._validates: bool | None = None
        self._saved: dict[str, Any] | None = None
        self._epoch = 0
        self._step_before = 0  # the epoch
        self._batches = 0  # of the epoch
        self._updates_before = 0
        self._was_cut_short = False

    def _new_run(self) -> Run:
        stopper = self.stopper
        folder = None if stopper.snapshot_dir is None else StateFolder(stopper.snapshot_dir)
        is_model = isinstance(self.model, keras.Model | None)
        new = folder.new_snapshot if folder else DeviceSnapshot if is_model else RawSnapshot
        rule, rolls_back = stopper.rule, isinstance(stopper.on_nonfinite, Rollback)
        kept = None
        if rule != "last" or rolls_back:
            with_optimizer = stopper.restore_optimizer or rolls_back
            kept = KeptWeights("best" if rule == "last" else rule, with_optimizer, new)
        return Run(
            stopper._monitor,
            stopper._criterion,
            stopper.start_from_epoch,
            self.nonfinite,
            kept,
            folder,
        )

    def begin(self, earlier: "Session | None", on_interrupt: Any) -> None:
        """Begins a training, with the run of an earlier session if there is one.

        Args:
            earlier: The session to go on with.
            on_interrupt: What to call when Ctrl-C has ended the training.
        """
        stopper, model = self.stopper, self.model
        fit = running_fit(model)
        if fit is None:
            model.stop_training = False  # `fit` has done so by itself
        self._validates = fit.validates if fit else None
        self.nonfinite.begin(model)
        if self.steps:
            self.steps.begin(model, self.run.monitor.needs_validation())
        if self.run.folder and fit:
            refuse_backup_before(stopper, fit.callbacks.callbacks)
            refuse_shared_folder(stopper, fit.callbacks.callbacks)
        if earlier is not None:
            self.run = earlier.run
            self._step_before = earlier.step
            self.run.go_on()
        elif self.run.folder is not None and stopper.resume is not False:
            self.run.folder.remove_partial()
            self._saved = self.run.folder.load(stopper)
        if self.steps and not stopper.resume and self._saved is None:
            self.steps.refuse_more_than(stopper.params or {})
        self._updates_before = updates_of(model)
        self.run.start_clock()
        if stopper.rule != "last":
            self.interrupt = watch(model, on_interrupt)
        if fit is None:
            self.begin_epoch(0)
        self._obey()

    def begin_epoch(self, epoch: int) -> None:
        """Begins an epoch; the first one tells where a saved training goes on."""
        self.take_over(epoch)
        self.nonfinite.store_beginning(self.run, self.model)
        self._epoch, self._batches = epoch, 0
        self.run.beginnings.append((epoch, self._step_before, updates_of(self.model)))
        if self.steps:
            self.steps.begin_epoch(self._step_before)

    def take_over(self, epoch: int = _AFTER_ALL) -> None:
        """Takes over what is saved, once, for a training from an epoch on."""
        if self._saved is None:
            return
        state, self._saved = self._saved, None
        updates = updates_of(self.model)
        self._step_before = take_over(self.run, state, epoch, updates, self.stopper.resume)
        self._updates_before = updates - self._step_before
        self._obey()

    @property
    def step(self) -> int:
        """Batches trained so far."""
        return self._step_before + self._batches

    def end_batch(self, batch: int, logs: Mapping[str, Any]) -> None:
        """Validates, and looks at the clock, where it is time to."""
        if batch < self._batches and running_fit(self.model) is None:
            # A loop of one's own without the hooks of epochs, which counts anew in each of them.
            self._step_before, self._epoch = self.step, self._epoch + 1
        self._batches = self._counted(batch + 1)
        if self.is_interrupted() or self.run.stopped:
            return
        if self.steps and self.steps.is_due(self.step):
            loss = self.steps.training_loss(self.model, dict(logs))
            found = self.steps.run(self.model) if self.run.monitor.needs_validation() else {}
            self._take_in({**logs, **found}, loss, True)
        deadline = getattr(self.run.criterion, "deadline_seconds", None)
        if deadline is not None and not self.run.stopped and self.run.seconds() >= deadline:
            self.run.decide(Mark(self._epoch, self.step, math.nan))
            self._was_cut_short = self.run.stopped is not None
            self._obey()

    def _counted(self, batches: int) -> int:
        # The last of several steps in one execution may be beyond the end.
        steps = (self.stopper.params or {}).get("steps")
        return min(batches, steps) if steps else batches

    def end_epoch(self, epoch: int, logs: Mapping[str, Any]) -> None:
        """Takes in the validation of an epoch, unless there are some inside of it."""
        if not self._batches:
            self._batches = self._batches_of_epoch()
        # The training metrics of an epoch that was cut short are those of some batches; its
        # validation, if it came to that, is one as any other.
        whole = self.run.monitor.is_whole(logs)
        cut_short = self.is_interrupted() or self._was_cut_short
        if not self.steps and (whole if cut_short else not self.run.stopped):
            self._epoch = epoch
            self._take_in(logs, float(logs.get("loss", math.nan)), self._validates)
        self._step_before, self._batches = self.step, 0
        if not self.run.finished:
            self.run.save()

    def _batches_of_epoch(self) -> int:
        steps = (self.stopper.params or {}).get("steps")
        return steps or updates_of(self.model) - self._updates_before - self._step_before

    def _take_in(self, logs: Mapping[str, Any], loss: float, validates: bool | None) -> None:
        measured = self.run.monitor.read(logs, validates, self.model)
        if measured is not None:
            self.run.take_in(self.model, self._epoch, self.step, measured, loss)
            self._obey()

    def _obey(self) -> None:
        if self.run.stopped is not None:
            self.model.stop_training = True

    def is_interrupted(self) -> bool:
        """Returns whether Ctrl-C waits for the callback to be ready."""
        return self.interrupt is not None and self.interrupt.pending

    def let_interrupt_go_on(self) -> None:
        """Raises the `KeyboardInterrupt` that was kept back, if there is one."""
        if self.interrupt is not None and self.interrupt.pending:
            self.interrupt.go_on()

    def end(self) -> None:
        """Ends the training, whoever has stopped it; lets an interrupt go on first."""
        if self.interrupt:
            self.interrupt.release()
        self.let_interrupt_go_on()
        self.interrupt = None
        self.take_over()
        if self.run.stopped is None:
            stopped = getattr(self.model, "stop_training", False)
            self.run.reason = StopReason.ELSEWHERE if stopped else StopReason.COMPLETED
