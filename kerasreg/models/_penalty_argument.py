"""The penalty that a rule of `regularize` is given."""

from typing import Any

import keras

from kerasreg import _checks
from kerasreg.regularizers import L1, L2

_BY_NAME = {"l1": L1, "l2": L2}
_EXPECTED = "a regularizer of kerasreg or Keras, 'l1' or 'l2'"
AS_CONSTRAINT = "A constraint goes into a `kerasreg.models.Constrain`."
_AS_CLASS = (
    "Keras saves a model with a function for a regularizer, but cannot load it: make it a subclass "
    "of keras.regularizers.Regularizer."
)


def checked_penalty(penalty: Any, owner: object) -> keras.regularizers.Regularizer:
    """Returns a regularizer that can be saved, given as such or by name.

    Raises:
        TypeError: If it is none.
        ValueError: If it is another name, or has no `get_config`.
    """
    if isinstance(penalty, str):
        return _BY_NAME[_checks.choice("penalty", penalty, owner, tuple(_BY_NAME))]()
    if isinstance(penalty, type):
        fix = f"Make one: {penalty.__name__}(...)."
        _checks.refuse("penalty", penalty, owner, _EXPECTED, fix=fix, error=TypeError)
    fix = _AS_CLASS if callable(penalty) else ""
    if isinstance(penalty, keras.constraints.Constraint):
        fix = AS_CONSTRAINT
    kind = keras.regularizers.Regularizer
    _checks.instance("penalty", penalty, owner, kind, _EXPECTED, fix=fix)
    check_saved("penalty", penalty, owner)
    return penalty


def check_saved(name: str, value: Any, owner: object) -> None:
    """Raises if a regularizer or constraint has no config that it could be saved with."""
    try:
        value.get_config()
    except NotImplementedError:
        _checks.refuse(name, value, owner, "what can be saved", fix="Give it a `get_config`.")
