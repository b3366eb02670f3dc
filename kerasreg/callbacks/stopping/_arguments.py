"""The arguments of `EarlyStopping` that are more than a number or a word."""

from typing import Any

import keras
from keras import tree

from kerasreg import _checks
from kerasreg.callbacks.stopping._run import patience_in
from kerasreg.callbacks.stopping.criterion import Criterion
from kerasreg.callbacks.stopping.patience import Patience
from kerasreg.callbacks.stopping.top_k import TopK

_RULES = ("best", "k-p", "last")


def checked_criterion(criterion: Any, patience: Patience, owner: object) -> Criterion:
    """Returns the criterion, which is the patience that Keras' arguments make if none is given.

    Raises:
        TypeError: If it is no criterion.
        ValueError: If there are both.
    """
    if criterion is None:
        return patience
    if not callable(getattr(criterion, "decide", None)) or isinstance(criterion, type):
        expected = "a criterion such as `kerasreg.callbacks.GeneralizationLoss(5)`"
        _checks.refuse("criterion", criterion, owner, expected, error=TypeError)
    if patience != Patience(0):
        fix = "Use `kerasreg.callbacks.Any` and `Patience` for several."
        expected = "None along with `patience`, `min_delta` or `baseline`"
        _checks.refuse("criterion", criterion, owner, expected, fix=fix)
    return criterion


def checked_restore(restore: Any, criterion: Criterion, owner: object) -> Any:
    """Returns the argument `restore`: "best", "k-p", "last" or a `TopK`."""
    if isinstance(restore, TopK):
        return restore
    restore = _checks.choice("restore", restore, owner, _RULES, "a `kerasreg.callbacks.TopK(k)`")
    if restore == "k-p" and patience_in(criterion) is None:
        _checks.refuse("restore", restore, owner, "another rule, as the criterion has no patience")
    return restore


def checked_every_steps(every_steps: Any, validation_data: Any, owner: object) -> int | None:
    """Returns the argument `every_steps`; without it there may be no validation data."""
    if every_steps is not None:
        return _checks.whole("every_steps", every_steps, owner, low=1)
    if validation_data is not None:
        fix = "Without it, pass the data to `fit`."
        expected = "an integer of at least 1, as there is `validation_data`"
        _checks.refuse("every_steps", every_steps, owner, expected, fix=fix)
    return None


def serialized_data(data: Any, owner: object) -> Any:
    """Returns validation data as a configuration can hold them.

    Raises:
        ValueError: If they are no arrays.
    """
    if data is None:
        return None
    if not isinstance(data, tuple | list):
        fix = "Leave them out: those of `fit` are used then."
        expected = "arrays, where the configuration is asked for"
        _checks.refuse("validation_data", data, owner, expected, fix=fix)
    return tree.map_structure(keras.saving.serialize_keras_object, data)
