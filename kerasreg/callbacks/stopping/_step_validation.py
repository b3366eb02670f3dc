"""Validation every so many training steps, with data of the callback's own or those of `fit`."""

import math
from typing import Any

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._backend.running_fit import running_fit
from kerasreg.callbacks._validation import averages_in_place, checked_data, validate_unnoticed


class StepValidation:
    """When to validate inside of an epoch, and what comes of it.

    Args:
        every_steps: Number of training steps between validations.
        data: The validation data, None for those of `fit`.
        owner: The callback, for errors.
    """

    def __init__(self, every_steps: int, data: Any, owner: object):
        self.every_steps = every_steps
        self.owner = owner
        self._own_data = None if data is None else checked_data("validation_data", data, owner)
        self._data: Any = None
        self._batch_size: int | None = None
        self._steps: int | None = None
        self._last = 0
        self._loss_before: tuple[float, float] = (0.0, 0.0)

    def begin(self, model: Any, needs_data: bool) -> None:
        """Looks at the `fit` that begins.

        Raises:
            ValueError: If there are no data to validate with, or if `every_steps` is no multiple
                of the model's `steps_per_execution`.
        """
        at_once = getattr(model, "steps_per_execution", 1)
        if self.every_steps % at_once:
            expected = f"a multiple of the model's `steps_per_execution`, which is {at_once}"
            _checks.refuse("every_steps", self.every_steps, self.owner, expected)
        fit = running_fit(model)
        self._data, self._steps = self._own_data, None
        self._batch_size = fit.batch_size if fit else None
        if self._data is None and fit is not None:
            self._data, self._steps = fit.validation_data, fit.validation_steps
            self._batch_size = fit.validation_batch_size or fit.batch_size
        if self._data is None and needs_data:
            fix = "Give them to the callback or to `fit`."
            _checks.refuse("validation_data", None, self.owner, "validation data", fix=fix)

    def refuse_more_than(self, params: dict[str, Any]) -> None:
        """Raises if a training with Keras' `Callback.params` ends before the first validation."""
        epochs, steps = params.get("epochs"), params.get("steps")
        if epochs and steps and self.every_steps > epochs * steps:
            expected = f"an integer of at most {epochs * steps}, the steps of this `fit`"
            _checks.refuse("every_steps", self.every_steps, self.owner, expected)

    def begin_epoch(self, steps_before: int) -> None:
        """Begins an epoch before which so many steps have been trained."""
        self._last = max(self._last, steps_before)
        self._loss_before = (0.0, 0.0)

    def is_due(self, step: int) -> bool:
        """Returns whether a multiple of `every_steps` was reached since the last validation."""
        if step // self.every_steps == self._last // self.every_steps:
            return False
        self._last = step
        return True

    def run(self, model: Any) -> dict[str, float]:
        """Returns the validation's metrics, by names with `val_`."""
        with averages_in_place(model):
            logs = validate_unnoticed(model, self._data, self._batch_size, self._steps)
        return {f"val_{name}": value for name, value in logs.items()}

    def training_loss(self, model: Any, logs: dict[str, Any]) -> float:
        """Returns the mean training loss since the last call in the same epoch.

        Where the model does not keep its loss as a mean, what the logs say of the epoch so far.
        """
        mean = next((m for m in getattr(model, "metrics", ()) if m.name == "loss"), None)
        if not isinstance(mean, keras.metrics.Mean):
            return float(logs.get("loss", math.nan))
        if hasattr(model, "jax_state_sync"):
            model.jax_state_sync()
        total, count = (float(ops.convert_to_numpy(v.value)) for v in (mean.total, mean.count))
        total_before, count_before = self._loss_before
        self._loss_before = total, count
        more = count - count_before
        return (total - total_before) / more if more > 0 else math.nan
