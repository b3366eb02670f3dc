"""What the ramps have in common: a value before, a value after, and a stretch of steps between."""

from collections.abc import Callable
from typing import Any

from keras import ops

from kerasreg import _checks
from kerasreg.schedules.schedule import Schedule


class Ramp(Schedule):
    """A schedule that goes from `start` to `end` in `steps` steps, and is constant elsewhere."""

    check_end_point: Callable[[str, Any, object], float] = staticmethod(_checks.number)

    def __init__(self, start: float, end: float, *, steps: int, begin: int = 0) -> None:
        self.start = self.check_end_point("start", start, self)
        self.end = self.check_end_point("end", end, self)
        self.steps = _checks.whole("steps", steps, self, low=1)
        self.begin = _checks.whole("begin", begin, self)

    def __call__(self, step: Any) -> Any:
        done = ops.clip((ops.cast(step, "float32") - self.begin) / self.steps, 0.0, 1.0)
        return ops.clip(self.between(done), *self.bounds())

    def between(self, done: Any) -> Any:
        """Returns the value when a share `done` of the ramp is done."""
        raise NotImplementedError

    def bounds(self) -> tuple[float, float]:
        return min(self.start, self.end), max(self.start, self.end)

    def get_config(self) -> dict[str, Any]:
        return {"start": self.start, "end": self.end, "steps": self.steps, "begin": self.begin}
