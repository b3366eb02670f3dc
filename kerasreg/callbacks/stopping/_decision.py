"""What a criterion says, whoever has written it."""

from typing import Any

from kerasreg import _checks
from kerasreg.callbacks.stopping.curve import Curve


def decision(criterion: Any, history: Curve, owner: object) -> tuple[bool, Any]:
    """Returns whether a criterion stops after the last value, and the reason.

    Args:
        criterion: The criterion.
        history: What it is asked about.
        owner: Whose argument `criterion` it is, for errors.

    Raises:
        TypeError: If `decide` returns no pair.
    """
    answer = criterion.decide(history)
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        expected = "a criterion whose `decide` returns a pair, whether to stop and the reason"
        fix = f"It returned {answer!r}."
        _checks.refuse("criterion", criterion, owner, expected, fix=fix, error=TypeError)
    stop, reason = answer
    return bool(stop), reason
