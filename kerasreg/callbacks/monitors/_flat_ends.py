"""Where activation functions are flat, so that no gradient comes through."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
from keras import layers


class FlatEnds(NamedTuple):
    """The outputs that an activation function levels off at.

    Args:
        low: The lower one, or None.
        high: The upper one, or None.
        width: What the tolerance is a share of; 0 where the function is exactly flat.
    """

    low: float | None = None
    high: float | None = None
    width: float = 0.0


# For smooth functions with one end the width is that between the end and the output for 0.
_OF_FUNCTIONS = {
    "celu": FlatEnds(low=-1.0, width=1.0),
    "elu": FlatEnds(low=-1.0, width=1.0),
    "exponential": FlatEnds(low=0.0, width=1.0),
    "hard_sigmoid": FlatEnds(0.0, 1.0),
    "hard_tanh": FlatEnds(-1.0, 1.0),
    "log_sigmoid": FlatEnds(high=0.0, width=0.6931471805599453),
    "relu": FlatEnds(low=0.0),
    "relu6": FlatEnds(0.0, 6.0),
    "selu": FlatEnds(low=-1.7580993408473766, width=1.7580993408473766),
    "sigmoid": FlatEnds(0.0, 1.0, width=1.0),
    "softplus": FlatEnds(low=0.0, width=0.6931471805599453),
    "softsign": FlatEnds(-1.0, 1.0, width=2.0),
    "sparse_plus": FlatEnds(low=0.0),
    "sparse_sigmoid": FlatEnds(0.0, 1.0),
    "tanh": FlatEnds(-1.0, 1.0, width=2.0),
}
_WITHOUT = FlatEnds()


def flat_ends(layer: keras.layers.Layer) -> FlatEnds | None:
    """Returns the flat ends of the activation that a layer ends with; None if it has none.

    The outputs of a layer with an `activation` are those of the function, with the exception of
    recurrent layers with gates. The function is known by its name, so that `tf.nn.relu` counts as
    well; one of an unknown name, and one without flat ends (`leaky_relu`, `gelu`, `softmax`), has
    `FlatEnds()`.
    """
    if isinstance(layer, layers.TimeDistributed):
        return flat_ends(layer.layer)
    for cls, ends in _OF_LAYERS.items():
        if isinstance(layer, cls):
            return ends(layer)
    activation = getattr(layer, "activation", None)
    if isinstance(activation, layers.Layer):
        return None  # is found by itself
    if not callable(activation) or hasattr(layer, "recurrent_activation"):
        return None
    name = getattr(activation, "__name__", "")
    return None if name == "linear" else _OF_FUNCTIONS.get(name, _WITHOUT)


def _of_relu(layer):
    return FlatEnds(None if layer.negative_slope else 0.0, layer.max_value)


_OF_LAYERS: dict[type, Callable[[Any], FlatEnds]] = {
    layers.ReLU: _of_relu,
    layers.ELU: lambda layer: FlatEnds(low=-float(layer.alpha), width=float(layer.alpha)),
    layers.LeakyReLU: lambda layer: _WITHOUT,
    layers.PReLU: lambda layer: _WITHOUT,
    layers.Softmax: lambda layer: _WITHOUT,
}
