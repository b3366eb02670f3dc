"""The value of a variable in its own precision.

`Variable.value` is in half precision inside the call of a layer of a mixed policy. The scope that
says so is private, and so is the switch of each variable, `Variable._autocast`: a variable that
is read for itself, not to compute outputs, is read with the switch off.
"""

from typing import Any


def in_own_precision(variable: Any) -> Any:
    """Returns the value of a variable in the variable's dtype, wherever it is read."""
    autocast = variable._autocast
    variable._autocast = False
    try:
        return variable.value
    finally:
        variable._autocast = autocast
