"""The correction of batch renormalization (Ioffe 2017, Algorithm 1), and its bounds."""

import math

from keras import ops

from kerasreg import _checks


def correction(mean, stddev, moving_mean, moving_stddev, clipping):
    """Returns `r` and `d` of batch renormalization, clipped to "rmin", "rmax" and "dmax"."""
    bounds = {name: bound for name, bound in (clipping or {}).items() if bound is not None}
    r = ops.maximum(stddev / moving_stddev, bounds.get("rmin", 0.0))
    d = (mean - moving_mean) / moving_stddev
    if "rmax" in bounds:
        r = ops.minimum(r, bounds["rmax"])
    if "dmax" in bounds:
        d = ops.clip(d, -bounds["dmax"], bounds["dmax"])
    return r, d


def checked_clipping(clipping, owner):
    """Returns the bounds as Python floats, or None as it came."""
    if clipping is None:
        return None
    names = ("rmin", "rmax", "dmax")
    expected = "None or a dict with keys among " + ", ".join(map(repr, names))
    _checks.instance("renorm_clipping", clipping, owner, dict, expected)
    if invalid := sorted(repr(name) for name in clipping if name not in names):
        fix = f"Received invalid keys: {', '.join(invalid)}."
        _checks.refuse("renorm_clipping", clipping, owner, expected, fix=fix)
    bounds = {name: _checked_bound(name, bound, owner) for name, bound in clipping.items()}
    low, high = bounds.get("rmin"), bounds.get("rmax")
    if low is not None and high is not None and high < low:
        fix = f"rmax should be at least rmin, but {high:g} < {low:g}."
        _checks.refuse("renorm_clipping", clipping, owner, "rmin <= rmax", fix=fix)
    return bounds


def _checked_bound(name, bound, owner):
    if bound is None or (isinstance(bound, float) and bound == math.inf):
        return bound
    fix = f"{name} should be non-negative."
    return _checks.number(f'renorm_clipping["{name}"]', bound, owner, low=0, fix=fix)
