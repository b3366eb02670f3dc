"""The learning rate of stochastic weight averaging: constant, or falling in cycles."""

from typing import Any

from keras import ops

from kerasreg import _checks
from kerasreg._backend.single_optimizers import single_optimizers


def cyclic_rate(step: int, cycle: int, low: float, high: float) -> float:
    """Returns the rate of a step: it falls linearly from near `high` to `low` in each cycle.

    With i = `step` and c = `cycle`: (1 - t) high + t low, t = (mod(i - 1, c) + 1) / c.

    Args:
        step: The step, counted from 1.
        cycle: Number of steps in a cycle.
        low: The rate of its last step.
        high: The rate that a cycle of its own before it would end with.
    """
    t = ((step - 1) % cycle + 1) / cycle
    return (1 - t) * high + t * low


def checked_rate(value: Any, owner: object) -> Any:
    """Returns the argument `learning_rate`: None, a rate, or a pair of rates `(low, high)`."""
    if value is None:
        return None
    if isinstance(value, tuple | list):
        low, high = _checks.many("learning_rate", value, owner, 2, _checks.positive)
        if low > high:
            _checks.refuse("learning_rate", value, owner, "(low, high) with low <= high")
        return low, high
    return _checks.positive("learning_rate", value, owner)


class RateControl:
    """Sets the learning rate of a model's optimizer, and puts back what it was.

    Args:
        model: A compiled model.
        owner: The callback with the argument `learning_rate`, for the error.

    Raises:
        ValueError: If the rate is a schedule of the optimizer, which nobody can set.
    """

    def __init__(self, model: Any, owner: Any):
        self._optimizers = single_optimizers(model.optimizer)
        self._before = [
            float(ops.convert_to_numpy(each.learning_rate)) for each in self._optimizers
        ]
        try:
            self.put_back()
        except (TypeError, AttributeError):  # of a schedule and of a function
            expected = "None, as the optimizer has a schedule for its rate, which nobody can set"
            _checks.refuse("learning_rate", owner.learning_rate, owner, expected)

    def set(self, rate: float) -> None:
        """Sets the rate."""
        for optimizer in self._optimizers:
            optimizer.learning_rate = rate

    def put_back(self) -> None:
        """Puts back the rates that there were at first."""
        for optimizer, rate in zip(self._optimizers, self._before, strict=True):
            optimizer.learning_rate = rate
