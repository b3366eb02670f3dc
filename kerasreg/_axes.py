"""An argument that names one axis of a tensor or several."""

from kerasreg import _checks

_EXPECTED = "an integer, or a tuple of different integers"


def checked_axes(name, value, owner):
    """Returns an axis argument: an integer, or a tuple of one or more."""
    if not isinstance(value, list | tuple):
        return _checks.whole(name, value, owner, low=None)
    axes = tuple(_checks.whole(name, each, owner, low=None) for each in value)
    if not axes or len(set(axes)) < len(axes):
        _checks.refuse(name, value, owner, _EXPECTED)
    return axes


def axes_of(x, axis, name, owner):
    """Returns the axes of a tensor that an axis argument means, counted from 0."""
    rank = len(x.shape)
    axes = axis if isinstance(axis, tuple) else (axis,)
    if not all(-rank <= each < rank for each in axes):
        shape = tuple(x.shape)
        _checks.refuse(name, axis, owner, f"an axis of a tensor of shape {shape}")
    return tuple(sorted({each % rank for each in axes}))
