"""Names that other libraries give to the rate, which mean now the share dropped, now that kept."""

from kerasreg import _checks

_KEPT = ("survival_probability", "survival_prob", "keep_prob", "keep_probability")
_DROPPED = ("p", "drop_prob", "drop_rate", "drop_path_rate", "p_drop", "death_rate")


def refuse_other_names(arguments, owner):
    """Refuses what other libraries call the rate, and says what it is here.

    Args:
        arguments: The keyword arguments that are left over.
        owner: The layer.
    """
    for name, value in arguments.items():
        if name in _KEPT:
            _refuse(name, value, owner, "is the share kept", f"rate = 1 - {name}", _rest(value))
        if name in _DROPPED:
            _refuse(name, value, owner, "is the share dropped, too", f"rate = {name}", value)


def _refuse(name, value, owner, meaning, rule, rate):
    fix = f"`{name}` {meaning}: {rule}"
    if rate is not None:
        fix += f", so write rate={rate!r}"
    _checks.refuse(name, value, owner, "`rate`, the share dropped, in its place", fix=f"{fix}.")


def _rest(value):
    # Ten digits hide the rounding of 1 - 0.8.
    return round(1.0 - value, 10) if isinstance(value, int | float) else None
