"""A model some of whose layers compute something else for a while.

Keras calls `layer.call` through the instance; `Layer.__setattr__`, which would look at what it is
given, is passed by.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras


@contextlib.contextmanager
def replaced_calls(
    layers: Iterable[keras.layers.Layer],
    replacement: Callable[[keras.layers.Layer, Callable[..., Any]], Callable[..., Any]],
) -> Iterator[None]:
    """Within it, layers have another `call`; afterwards, also after an error, their own.

    Works for layers anywhere, in functional and subclassed models and in wrappers, without a
    copy of the model: the function stands in the layer's own attributes, before that of its class.

    Args:
        layers: The layers.
        replacement: Makes the function from the layer and its own `call`.
    """
    with contextlib.ExitStack() as stack:
        for layer in layers:
            stack.enter_context(_replaced(layer, replacement(layer, layer.call)))
        yield


@contextlib.contextmanager
def _replaced(layer, call):
    attributes = vars(layer)
    before = attributes.get("call")
    attributes["call"] = call
    try:
        yield
    finally:
        del attributes["call"]
        if before is not None:
            attributes["call"] = before
