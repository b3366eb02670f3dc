"""Who called: a look at the stack, for what the frameworks do not tell."""

import sys
from collections.abc import Callable
from types import FrameType


def called_from(matches: Callable[[FrameType], bool]) -> bool:
    """Returns whether any frame of the call stack matches."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if matches(frame):
            return True
        frame = frame.f_back
    return False
