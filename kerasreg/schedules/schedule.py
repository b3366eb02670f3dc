"""What every schedule can do."""

from typing import Any

import numpy as np
from keras import ops


class Schedule:
    """A strength as a pure function of the training step.

    Wherever a layer or penalty of kerasreg takes a rate or another strength, it takes a number or a
    schedule. A layer computes the value inside the compiled step, from the number of training
    calls it has seen; no callback is needed, and the count is saved with the model. A penalty does
    so from the `iterations` of the optimizer of the compiled model, which are saved with it, too,
    and begin at 0 with a new optimizer (`kerasreg.regularizers.at_step` is for training loops of
    one's own).

    XLA may round a value of a ramp or a curve otherwise than eager calls do, in the last bit of
    float32: one value in some ten million is then kept by one and dropped by the other.

    To write one, subclass, implement `__call__`, `bounds` and `get_config`, and register the
    class with `keras.saving.register_keras_serializable`.
    """

    def __call__(self, step: Any) -> Any:
        """Returns the value at a step, an integer tensor (or number) counted from 0, as float32."""
        raise NotImplementedError

    def bounds(self) -> tuple[float, float]:
        """Returns the smallest and the largest value that the schedule takes."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        raise NotImplementedError

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Schedule":
        """Returns the schedule that has this configuration."""
        return cls(**config)

    def sample(self, steps: int | Any) -> np.ndarray:
        """Returns the values at several steps, as a NumPy array to plot or to look at.

        Args:
            steps: The number of steps from 0 on, or the steps themselves.
        """
        steps = np.arange(steps) if np.ndim(steps) == 0 else np.asarray(steps)
        return ops.convert_to_numpy(self(ops.convert_to_tensor(steps.astype("int32"))))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.get_config() == self.get_config()

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"
