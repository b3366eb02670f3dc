"""One training under watch: its curve, its best, its stored weights, and the decision to stop."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from keras import ops

from kerasreg.callbacks._monitor import Measured, Monitor
from kerasreg.callbacks.stopping._decision import decision
from kerasreg.callbacks.stopping._kept_weights import Entry, KeptWeights, Mark
from kerasreg.callbacks.stopping._snapshot import RawSnapshot
from kerasreg.callbacks.stopping._state_folder import StateFolder
from kerasreg.callbacks.stopping.any import Any as AnyOf
from kerasreg.callbacks.stopping.criterion import Criterion
from kerasreg.callbacks.stopping.curve import Curve
from kerasreg.callbacks.stopping.patience import Patience
from kerasreg.callbacks.stopping.stopping_report import StopReason


class Run:
    """What a training has come to, which a resumed one goes on with.

    Args:
        monitor: What is watched.
        criterion: When to stop.
        start_from_epoch: Epochs before this one are on the curve and nowhere else.
        on_nonfinite: Called with the model after a value that is not finite; returns whether
            training is to stop.
        kept: The stored weights, None if none are stored.
        folder: Where all this is saved, None if it is not.
    """

    def __init__(
        self,
        monitor: Monitor,
        criterion: Criterion,
        start_from_epoch: int,
        on_nonfinite: Callable[["Run", Any], bool],
        kept: KeptWeights | None,
        folder: StateFolder | None,
    ):
        self.monitor, self.criterion, self.kept, self.folder = monitor, criterion, kept, folder
        self.patience = patience_in(criterion)
        self._start_from_epoch = start_from_epoch
        self._on_nonfinite = on_nonfinite
        self.curve: Curve | None = None
        self.metrics: list[dict[str, float]] = []
        self.best: Mark | None = None
        self.stopped: Mark | None = None
        self.reason: str = StopReason.UNFINISHED
        self.wait = 0
        self.rollbacks = 0
        self.restored = False
        self.finished = False
        # For each value on the curve, and for the beginning of each epoch as (epoch, step, count):
        # how often the optimizer had updated the weights.
        self.updates: list[int] = []
        self.beginnings: list[tuple[int, int, int]] = []
        self._seconds_before = 0.0
        self._began = time.monotonic()

    def start_clock(self) -> None:
        """Counts the training time from now on, on top of what there was."""
        self._seconds_before = self.curve.seconds if self.curve else 0.0
        self._began = time.monotonic()

    def seconds(self) -> float:
        """Returns the training time so far."""
        return self._seconds_before + time.monotonic() - self._began

    def take_in(
        self, model: Any, epoch: int, step: int, measured: Measured, training_loss: float
    ) -> None:
        """Adds a validation of the weights that a model has now, and decides."""
        if self.curve is None:
            self.curve = Curve(self.monitor.direction)
        mark = Mark(epoch, step, measured.value, measured.ties)
        self.curve.add(
            epoch, mark.value, step=step, training_loss=training_loss, ties=measured.ties
        )
        self.metrics.append(measured.metrics)
        self.updates.append(updates_of(model))
        if epoch >= self._start_from_epoch:
            self._judge(model, mark)
        self.save()

    def _judge(self, model: Any, mark: Mark) -> None:
        assert self.curve is not None
        history, direction = self._counted(), self.curve.direction
        if mark.is_ahead_of(self.best, direction):
            self.best = mark
        last = len(history.values) - 1
        counts = self.patience is not None and self.patience.last_improvement(history) == last
        if self.kept is not None:
            self.kept.offer(model, mark, direction, counts)
        self.wait = self._waited()
        if not self.curve.is_finite(-1) and self._on_nonfinite(self, model):
            self._stop(StopReason.NONFINITE)
        else:
            self.decide()

    def decide(self, at: Mark | None = None) -> None:
        """Stops if the criterion says so now, after the last validation or where `at` says."""
        history = self._counted()
        history.seconds = self.seconds()
        stop, reason = decision(self.criterion, history, self.monitor.owner)
        if stop:
            self._stop(str(reason), at)

    def _stop(self, reason: str, at: Mark | None = None) -> None:
        if self.stopped is None:
            self.reason = reason
            self.stopped = at or self._last_mark()

    def _last_mark(self) -> Mark:
        curve = self.curve
        if curve is None or not curve.values:
            return Mark(0, 0, math.nan)
        return Mark(curve.epochs[-1], curve.steps[-1], curve.values[-1])

    def _counted(self) -> Curve:
        return (self.curve or Curve("min")).since(self._start_from_epoch)

    def _waited(self) -> int:
        history = self._counted()
        if self.patience is not None:
            return self.patience.waited(history)
        best = history.best()
        return len(history.values) - (0 if best is None else best + 1)

    def keep_values(self, values: Any) -> None:
        """Takes values, as `get_weights` gives them, for the stored weights."""
        if self.kept is not None:
            self.best = self.best or self._last_mark()
            self.kept.entries = [] if values is None else [Entry(self.best, RawSnapshot(values))]

    def restore(self, model: Any, owner: object, *, optimizer: bool) -> bool:
        """Puts the stored weights into a model, if there are any; returns whether there are.

        Before any training they are those in the folder.
        """
        if self.kept is None:
            return False
        if self.curve is None and self.folder and (state := self.folder.load(owner)):
            self.load(state)
        if not self.kept.restore(model, owner, optimizer=optimizer):
            return False
        self.restored = True
        return True

    def save(self, *, finished: bool = False) -> None:
        """Saves the state where there is a folder for it."""
        self.finished = finished
        if self.folder is None:
            return
        if self.curve is not None:
            self.curve.seconds = self.seconds()
        entries = self.kept.marked() if self.kept else []
        files: list[Any] = [entry.snapshot for entry in entries]
        state = {
            "finished": finished,
            "monitor": self.monitor.label,
            "curve": asdict(self.curve) if self.curve else None,
            "metrics": self.metrics,
            "best": self.best,
            "rollbacks": self.rollbacks,
            "updates": self.updates,
            "beginnings": self.beginnings,
            "weights": [
                [entry.mark, file.path.name] for entry, file in zip(entries, files, strict=True)
            ],
        }
        every: list[Any] = [entry.snapshot for entry in self.kept.entries] if self.kept else []
        self.folder.save(state, {file.path.name for file in every})

    def load(self, state: dict[str, Any]) -> None:
        """Takes over what was saved."""
        self.finished = state["finished"]
        self.curve = Curve.from_dict(state["curve"]) if state["curve"] else None
        self.metrics = state["metrics"]
        self.best = _mark(state["best"])
        self.rollbacks = state["rollbacks"]
        self.updates = state["updates"]
        self.beginnings = list(map(tuple, state["beginnings"]))
        if self.kept is not None and self.folder is not None:
            self.kept.entries = [
                Entry(_mark(mark), self.folder.snapshot(name)) for mark, name in state["weights"]
            ]

    def go_on_at(self, epoch: int, updates: int) -> int:
        """Forgets the validations of what will be trained again, though not the stored weights.

        What the weights have been through, the optimizer's count says; it is saved with them, while
        the number of the epoch may be of another moment. Decides anew from what is left, so that a
        training that was to stop does.

        Args:
            epoch: The epoch that begins.
            updates: How often the optimizer has updated the weights; 0 where nobody counts.

        Returns:
            How many batches have been trained.
        """
        self.beginnings = [b for b in self.beginnings if (b[2], b[0]) <= (updates, epoch)]
        if self.curve is None:
            known = self.beginnings
        else:
            counts = zip(self.curve.epochs, self.updates, strict=True)
            kept = [(u <= updates) if updates else (e < epoch) for e, u in counts]
            count = kept.index(False) if False in kept else len(kept)
            self.curve = self.curve.first(count)
            self.metrics, self.updates = self.metrics[:count], self.updates[:count]
            self._seconds_before = self.curve.seconds
            known = self.beginnings + list(
                zip(self.curve.epochs, self.curve.steps, self.updates, strict=True)
            )
        self.go_on()
        _, step, count = max(known, key=lambda each: each[2], default=(0, 0, updates))
        return step + updates - count

    def go_on(self) -> None:
        """Lets the training go on with what there is; it stops if that says so."""
        self.reason, self.stopped, self.restored = StopReason.UNFINISHED, None, False
        self.wait = self._waited()
        if self.curve is not None and self.curve.values:
            self.decide()


def updates_of(model: Any) -> int:
    """Returns how often the optimizer has updated the weights; 0 where nobody counts."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or not hasattr(optimizer, "iterations"):
        return 0
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()
    return int(ops.convert_to_numpy(optimizer.iterations))


def patience_in(criterion: Any) -> Patience | None:
    """Returns the patience that a criterion is, or that stops on its own within it."""
    if isinstance(criterion, Patience):
        return criterion
    members = criterion.criteria if isinstance(criterion, AnyOf) else []
    return next(filter(None, map(patience_in, members)), None)


def _mark(values: Any) -> Mark | None:
    if values is None:
        return None
    epoch, step, value, ties = values
    return Mark(epoch, step, value, tuple(ties))
