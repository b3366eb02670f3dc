"""When weights are averaged."""

from typing import Any


class StepCounter:
    """Counts the steps whose weights may be averaged, and says after which of them they are.

    Args:
        period: Steps between two updates, None for those of an epoch.
        in_epoch: Steps of an epoch, None if that is not known.
    """

    def __init__(self, period: int | None, in_epoch: int | None):
        self.period = period
        self.in_epoch: Any = in_epoch
        self.counts = False
        self.counted = 0
        self._updated_at = 0
        self._last_batch = -1

    def begin_epoch(self, *, counts: bool) -> None:
        """Begins an epoch whose steps count or do not."""
        self.counts = counts
        self._last_batch = -1

    def advance(self, batch: int) -> bool:
        """Takes the number of the batch just trained on; returns whether weights are averaged."""
        if self.in_epoch is not None:
            batch = min(batch, self.in_epoch - 1)  # the last execution may be shorter
        steps, self._last_batch = batch - self._last_batch, batch
        if not self.counts:
            return False
        self.counted += steps
        if self.period is None:
            return self.is_last(batch) and self._update()
        return self.counted - self._updated_at >= self.period and self._update()

    def is_last(self, batch: int) -> bool:
        """Returns whether a batch is known to be the last one of its epoch."""
        return self.in_epoch is not None and batch >= self.in_epoch - 1

    def end_epoch(self) -> bool:
        """Returns whether weights are averaged at the end of an epoch of unknown length."""
        if not self.counts or self.period is not None or self.in_epoch is not None:
            return False
        return self.counted > self._updated_at and self._update()

    def _update(self) -> bool:
        self._updated_at = self.counted
        return True

    def state(self) -> list[int]:
        """Returns what `set_state` takes."""
        return [self.counted, self._updated_at]

    def set_state(self, state: list[int]) -> None:
        """Goes on where another counter was."""
        self.counted, self._updated_at = state
