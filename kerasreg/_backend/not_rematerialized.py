"""A call of a layer without rematerialization.

A layer that is made under `keras.RematScope` runs again in the backward pass. Whoever gives a layer
other values of its weights for the time of one call has to keep it from running again after it.
Keras has no public switch for a layer that is already made: `_remat_mode` is what it looks at, and
`_flatten_layers` is the only way to every layer inside of a layer.
"""

import contextlib
from collections.abc import Iterator

import keras


@contextlib.contextmanager
def not_rematerialized(layer: keras.layers.Layer) -> Iterator[None]:
    """Makes calls of a layer, and of those inside of it, keep what their gradients need."""
    modes = [(each, each._remat_mode) for each in layer._flatten_layers() if each._remat_mode]
    for each, _ in modes:
        each._remat_mode = None
    try:
        yield
    finally:
        for each, mode in modes:
            each._remat_mode = mode
