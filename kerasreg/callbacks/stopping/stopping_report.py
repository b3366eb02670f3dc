"""When and why a training ended, and what its best validation was."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class StopReason(StrEnum):
    """Why a training ended; each equals its value as a string."""

    UNFINISHED = "unfinished"  # still training, or ended by an exception
    COMPLETED = "completed"  # all epochs were trained
    PATIENCE = "patience"  # no improvement for `patience` validations
    GENERALIZATION_LOSS = "generalization_loss"
    PROGRESS_QUOTIENT = "progress_quotient"
    SUCCESSIVE_INCREASES = "successive_increases"
    THRESHOLD = "threshold"
    DIVERGENCE = "divergence"
    TIME_LIMIT = "time_limit"
    NONFINITE = "nonfinite"  # the monitored value was NaN or infinite
    ELSEWHERE = "elsewhere"  # something else set `model.stop_training`
    INTERRUPTED = "interrupted"  # Ctrl-C


_WORDS: dict[str, str] = {
    StopReason.GENERALIZATION_LOSS: "{monitor} rose too far above its best value",
    StopReason.PROGRESS_QUOTIENT: "{monitor} rose, and training made too little progress for that",
    StopReason.SUCCESSIVE_INCREASES: "{monitor} got worse in strip after strip",
    StopReason.THRESHOLD: "{monitor} reached its goal",
    StopReason.DIVERGENCE: "{monitor} diverged",
    StopReason.TIME_LIMIT: "the time was up",
    StopReason.NONFINITE: "{monitor} was not finite",
}


@dataclass(frozen=True)
class StoppingReport:
    """What `EarlyStopping` saw and did.

    Epochs count from 0, as in Keras' callbacks; printed, from 1, as in Keras' progress bar. Steps
    are batches trained before a validation, 0 where nobody counted them.

    Args:
        monitor: Name of the monitored value.
        direction: "min" or "max"; None before the first value.
        reason: Why the training ended.
        best_value: The best finite value, None if there was none.
        best_epoch: The epoch of the best value, None if there was none.
        stopped_epoch: The epoch after which this callback stopped the training, else None.
        waited: Validations since the last improvement that the patience counted.
        epochs: The epoch of each value.
        values: The whole monitored curve.
        restored: Whether stored weights were put back.
        best_step: The step of the best value, None if there was none.
        stopped_step: The step after which this callback stopped the training, else None.
        steps: The step of each value.
        metrics: With several monitored metrics, the curve of each, by its name.
        restores: Which weights come back: "best", "k-p", "last" or, in words, a mean.
        step_level: Whether validations took place inside the epochs.
    """

    monitor: str
    direction: str | None
    reason: str
    best_value: float | None
    best_epoch: int | None
    stopped_epoch: int | None
    waited: int
    epochs: tuple[int, ...]
    values: tuple[float, ...]
    restored: bool
    best_step: int | None = None
    stopped_step: int | None = None
    steps: tuple[int, ...] = ()
    metrics: dict[str, tuple[float, ...]] = field(default_factory=dict)
    restores: str = "best"
    step_level: bool = False

    def plot(self) -> Any:
        """Returns a `matplotlib.figure.Figure` of the curve, with the best value and the stop."""
        import kerasreg

        figures: Any = kerasreg.report
        return figures.plot_stopping(self)

    def __str__(self) -> str:
        """Returns a sentence on the end, and one on the best value and its weights."""
        return f"{self._end()} {self._best()}"

    def _end(self) -> str:
        if self.stopped_epoch is not None:
            where = place(self.stopped_epoch, self.stopped_step if self.step_level else None)
            return f"Stopped after {where}: {self._why()}."
        endings: dict[str, str] = {
            StopReason.COMPLETED: "All epochs were trained.",
            StopReason.ELSEWHERE: "Something else stopped the training.",
            StopReason.INTERRUPTED: "The training was interrupted.",
        }
        return endings.get(self.reason, "The training goes on, or ended by an exception.")

    def _why(self) -> str:
        if self.reason == StopReason.PATIENCE:
            validations = "validation" if self.waited == 1 else "validations"
            return f"no improvement of {self.monitor} that counts in {self.waited} {validations}"
        reasons = [_WORDS.get(reason, reason) for reason in self.reason.split(" and ")]
        return " and ".join(reasons).format(monitor=self.monitor)

    def _best(self) -> str:
        if self.best_value is None or self.best_epoch is None:
            return f"{self.monitor} had no finite value that counts: no weights were stored."
        where = place(self.best_epoch, self.best_step if self.step_level else None)
        best = f"Best {self.monitor}: {self.best_value:.6g} in {where}"
        if self.restored and self.restores != "best":
            which = {"k-p": "those of the last improvement that counts"}
            return f"{best}; of the weights, {which.get(self.restores, self.restores)} came back."
        return f"{best}, whose weights {'were' if self.restored else 'were not'} restored."


def place(epoch: int, step: int | None) -> str:
    """Returns an epoch, counted from 0, in words, with the step if it matters."""
    return f"epoch {epoch + 1}" if step is None else f"step {step} (epoch {epoch + 1})"
