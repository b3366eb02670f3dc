"""Ctrl-C during `fit`, put off until the weights can be restored."""

import signal
import threading
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

from kerasreg._backend.running_fit import running_fit


class Interrupt:
    """The SIGINT handler of one `fit`: the first Ctrl-C stops the training after the batch.

    The previous handler is asked first and put back: only where it raises `KeyboardInterrupt`
    is that kept back, as `pending`, for the callback to raise when it has restored the weights.
    A second Ctrl-C goes straight to the previous handler.

    Nothing tells a callback that `fit` has died of an exception. The handler is then taken away
    when Keras' list of callbacks goes, which is when the exception leaves `fit` unless a
    traceback keeps its frame; until then it passes every signal on, for it looks on the stack
    whether its `fit` still runs.

    Args:
        model: The model that is fitted.
        previous: The handler to put back.
    """

    def __init__(self, model: Any, previous: Any):
        self.previous = previous
        self.pending = False
        self.model: Any = weakref.ref(model)
        self.endings: list[Callable[[], None]] = []

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handles SIGINT."""
        self.release()
        if self.pending or not self.is_running(frame):
            self.previous(number, frame)
            return
        try:
            self.previous(number, frame)
        except KeyboardInterrupt:
            self.pending = True
            self.model().stop_training = True
        else:
            signal.signal(signal.SIGINT, self)

    def go_on(self) -> NoReturn:
        """Lets every callback end its work, then raises the `KeyboardInterrupt` kept back."""
        for end in self.endings:
            end()
        raise KeyboardInterrupt

    def is_running(self, frame: FrameType | None = None) -> bool:
        """Returns whether the handler's `fit` has not yet ended, as seen from `frame`."""
        model = self.model()
        return model is not None and running_fit(model, frame) is not None

    def release(self) -> None:
        """Puts the previous handler back, if this one is in place."""
        current: Any = signal.getsignal(signal.SIGINT)
        if current is self and _in_main_thread():
            signal.signal(signal.SIGINT, self.previous)


def watch(model: Any, end: Callable[[], None]) -> Interrupt | None:
    """Returns the interrupt handler of the `fit` that is running, installed; it will call `end`.

    None outside `fit` and in other threads than the main one, which get no signals; and where
    Ctrl-C is ignored, ends the process, or has a handler that Python did not install.
    """
    fit = running_fit(model)
    if fit is None or not _in_main_thread():
        return None
    current = _without_stale(signal.getsignal(signal.SIGINT))
    if isinstance(current, Interrupt) and current.model() is model:
        current.endings.append(end)  # of another callback in the same `fit`
        return current
    if not callable(current):
        return None
    interrupt = Interrupt(model, current)
    interrupt.endings.append(end)
    signal.signal(signal.SIGINT, interrupt)
    weakref.finalize(fit.callbacks, interrupt.release).atexit = False
    return interrupt


def _without_stale(handler: Any) -> Any:
    if isinstance(handler, Interrupt) and not handler.is_running():
        return _without_stale(handler.previous)
    return handler


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
