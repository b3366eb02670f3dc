"""The argument that names the folder in which a callback keeps its state."""

import os
from typing import Any

from kerasreg import _checks


def checked_folder(name: str, value: Any, owner: object) -> Any:
    """Returns the argument: None, or the path of a folder that is there or can be made.

    Raises:
        TypeError: If it is no path.
        ValueError: If there is a file in its place.
    """
    if value is None:
        return None
    path = _checks.instance(name, value, owner, (str, os.PathLike), "the path of a folder")
    if os.path.exists(path) and not os.path.isdir(path):
        _checks.refuse(name, os.fspath(path), owner, "the path of a folder, not of a file")
    return path
