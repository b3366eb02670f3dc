"""How a training goes on with what an earlier one, perhaps a killed one, left on the disk."""

import os
from typing import Any

import keras

from kerasreg import _checks
from kerasreg.callbacks.stopping._run import Run


def refuse_backup_before(owner: object, callbacks: list[Any]) -> None:
    """Raises if Keras' backup is written before the callback's state is.

    A kill between the two would then lose a validation; the other way round, the epoch is trained,
    and validated, again.
    """
    for callback in callbacks:
        if callback is owner:
            return
        if isinstance(callback, keras.callbacks.BackupAndRestore):
            reason = "BackupAndRestore stands before it among the callbacks."
            fix = "With `snapshot_dir`, put BackupAndRestore behind it."
            _checks.impossible(owner, reason, fix=fix)


def refuse_shared_folder(owner: Any, callbacks: list[Any]) -> None:
    """Raises if another callback of the same kind has the same folder: each would empty it."""
    path = os.path.realpath(owner.snapshot_dir)
    for callback in callbacks:
        other = getattr(callback, "snapshot_dir", None) if callback is not owner else None
        if isinstance(callback, type(owner)) and other and os.path.realpath(other) == path:
            expected = "a folder of its own, which no other EarlyStopping has"
            _checks.refuse("snapshot_dir", owner.snapshot_dir, owner, expected)


def take_over(
    run: Run, state: dict[str, Any], epoch: int, updates: int, resume: bool | None
) -> int:
    """Lets a run go on with a saved state; returns how many batches have been trained.

    A state that was finished counts only where the training asks for it, or where it begins in the
    middle: then the process was killed after the end and before Keras' backup was removed.

    Args:
        run: The run.
        state: The state.
        epoch: The epoch that the training begins with.
        updates: How often the optimizer has updated the weights.
        resume: The argument of that name.

    Raises:
        ValueError: If the state is that of another monitor.
    """
    if state["finished"] and not resume and epoch == 0:
        return 0
    if state["monitor"] != run.monitor.label:
        expected = f"a folder with the state of a training that watched {run.monitor.label!r}"
        folder = str(run.folder.path) if run.folder else None
        _checks.refuse("snapshot_dir", folder, run.monitor.owner, expected)
    run.load(state)
    if state["finished"] and resume:
        run.go_on()
        return run.curve.steps[-1] if run.curve and run.curve.values else 0
    return run.go_on_at(epoch, updates)
