"""What a callback cannot ask Keras: facts about the `fit` that is calling it."""

import sys
from dataclasses import dataclass
from types import FrameType
from typing import Any

_LOCALS = {"callbacks", "epochs", "initial_epoch", "validation_data", "validation_freq"}
_ARGUMENTS = ("validation_data", "validation_steps", "batch_size", "validation_batch_size")


@dataclass(frozen=True)
class RunningFit:
    """A call of `Model.fit` that has not returned.

    Args:
        callbacks: Keras' list of the callbacks, which lives as long as the call.
        validates: Whether at least one epoch ends with a validation.
        validation_data: The argument of `fit`, or the part split off; so the next three.
        validation_steps: Number of batches in a validation, None for all.
        batch_size: Examples in a batch, of arrays.
        validation_batch_size: The same in a validation, None if it is no other.
    """

    callbacks: Any
    validates: bool
    validation_data: Any = None
    validation_steps: int | None = None
    batch_size: int | None = None
    validation_batch_size: int | None = None


def running_fit(model: Any, frame: FrameType | None = None) -> RunningFit | None:
    """Returns the `fit` of `model` within which `frame` runs, None if there is none.

    `Callback.params` says nothing of validation, and nothing says whether a `fit` has died of an
    exception; so this reads the local variables of Keras' `fit` from the stack, and uses
    `Model._should_eval`.

    Args:
        model: The model.
        frame: Where to begin on the stack. Defaults to the caller.
    """
    frame = frame or sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "fit":
            names = frame.f_locals
            if names.get("self") is model and names.keys() >= _LOCALS:
                arguments = {name: names.get(name) for name in _ARGUMENTS}
                return RunningFit(names["callbacks"], _validates(model, names), **arguments)
        frame = frame.f_back
    return None


def _validates(model: Any, names: dict[str, Any]) -> bool:
    if names.get("validation_data") is None:
        return False
    epochs = range(names["initial_epoch"], names["epochs"])
    return any(model._should_eval(epoch, names["validation_freq"]) for epoch in epochs)
