"""When and why a training ended, and what its best validation was."""

from dataclasses import dataclass
from enum import StrEnum


class StopReason(StrEnum):
    """Why a training ended; each equals its value as a string."""

    UNFINISHED = "unfinished"  # still training, or ended by an exception
    COMPLETED = "completed"  # all epochs were trained
    PATIENCE = "patience"  # no improvement for `patience` validations
    ELSEWHERE = "elsewhere"  # something else set `model.stop_training`
    INTERRUPTED = "interrupted"  # Ctrl-C


@dataclass(frozen=True)
class StoppingReport:
    """What `EarlyStopping` saw and did.

    Epochs count from 0, as in Keras' callbacks; printed, from 1, as in Keras' progress bar.

    Args:
        monitor: Name of the monitored value.
        direction: "min" or "max"; None before the first value.
        reason: Why the training ended.
        best_value: The best finite value, None if there was none.
        best_epoch: The epoch of the best value, None if there was none.
        stopped_epoch: The epoch after which this callback stopped the training, else None.
        waited: Validations since the last improvement that the patience counted.
        epochs: The epochs that gave a value.
        values: The whole monitored curve: the value of each of `epochs`.
        restored: Whether the weights of the best epoch were put back.
    """

    monitor: str
    direction: str | None
    reason: StopReason
    best_value: float | None
    best_epoch: int | None
    stopped_epoch: int | None
    waited: int
    epochs: tuple[int, ...]
    values: tuple[float, ...]
    restored: bool

    def __str__(self) -> str:
        """Returns a sentence on the end, and one on the best value and its weights."""
        return f"{self._end()} {self._best()}"

    def _end(self) -> str:
        if self.stopped_epoch is not None:
            validations = "validation" if self.waited == 1 else "validations"
            return (
                f"Stopped after epoch {self.stopped_epoch + 1}: no improvement of "
                f"{self.monitor} that counts in {self.waited} {validations}."
            )
        return {
            StopReason.COMPLETED: "All epochs were trained.",
            StopReason.ELSEWHERE: "Something else stopped the training.",
            StopReason.INTERRUPTED: "The training was interrupted.",
        }.get(self.reason, "The training goes on, or ended by an exception.")

    def _best(self) -> str:
        if self.best_value is None or self.best_epoch is None:
            return f"{self.monitor} had no finite value that counts: no weights were stored."
        weights = "were restored" if self.restored else "were not restored"
        return (
            f"Best {self.monitor}: {self.best_value:.6g} in epoch {self.best_epoch + 1}, "
            f"whose weights {weights}."
        )
