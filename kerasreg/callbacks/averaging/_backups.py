"""Callbacks that save the training itself must find the weights that are trained."""

from typing import Any

import keras

from kerasreg import _checks
from kerasreg._backend.running_fit import running_fit


def refuse_backups(callback: Any, *, exact: bool) -> None:
    """Raises where `BackupAndRestore` would save averages as the training's weights.

    Args:
        callback: The callback that puts averages into the model at the end of each epoch.
        exact: Whether it has to save at the steps at which the callback saves.
    """
    fit = running_fit(callback.model)
    behind = False
    for other in fit.callbacks.callbacks if fit else []:
        behind = behind or other is callback
        if not isinstance(other, keras.callbacks.BackupAndRestore):
            continue
        if behind:
            fix = "There it would save the averages, and a restarted training go on with them."
            expected = "`BackupAndRestore` in front of this callback"
            _checks.refuse("callbacks", "BackupAndRestore behind it", callback, expected, fix=fix)
        if exact and other.save_freq != "epoch":
            received = f"BackupAndRestore(save_freq={other.save_freq!r})"
            expected = 'a `BackupAndRestore` with `save_freq="epoch"`, as `snapshot_dir` is written'
            _checks.refuse("callbacks", received, callback, expected)
