"""Which axes of a kernel number the units of its layer."""

from collections.abc import Sequence
from typing import Any

import keras

from kerasreg import _checks
from kerasreg._backend.every_layer import every_layer
from kerasreg.layers._substituted_weights import weights_named
from kerasreg.layers.tied.tied_conv_transpose import (
    TiedConv1DTranspose,
    TiedConv2DTranspose,
    TiedConv3DTranspose,
)
from kerasreg.layers.tied.tied_dense import TiedDense

_DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
_TRANSPOSED = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)
_TIED = (TiedDense, TiedConv1DTranspose, TiedConv2DTranspose, TiedConv3DTranspose)


def unit_weights(
    names: Sequence[str] | None, owner: keras.layers.Wrapper
) -> list[tuple[Any, tuple[int, ...]]]:
    """Returns the weights of `weights_named`, each with the axes that number its units.

    Units are the last axis of a kernel, for transposed convolutions and tied layers the last but
    one, for depthwise convolutions the last two. Axes are counted from the end.

    Args:
        names: Names of weights; None for all that end in "kernel".
        owner: The wrapper. Its layer is built.
    """
    owners = _owners(owner.layer)
    weights = weights_named(names, owner)
    for weight in weights:
        if len(weight.shape) < 2:
            expected = f"names of matrices; {weight.name!r} has no columns"
            _checks.refuse("weight_names", names, owner, expected)
        tied_to = getattr(owners[id(weight)], "tied_to", None)
        if getattr(tied_to, "groups", 1) > 1:
            expected = "a layer that is not tied to one with groups, whose units share no axis"
            _checks.refuse("layer", owner.layer, owner, expected)
    return [(weight, _unit_axes(owners[id(weight)], weight)) for weight in weights]


def inner_axes(weight: Any, unit_axes: Sequence[int]) -> tuple[int, ...]:
    """Returns the other axes of a weight: those of the weights into one unit."""
    rank = len(weight.shape)
    units = {axis % rank for axis in unit_axes}
    return tuple(axis for axis in range(rank) if axis not in units)


def _owners(layer):
    # The innermost layer that has a weight, by the weight's id: a layer around another has more
    # layers inside than that one. Of a tied layer and the one that it is tied to, the latter.
    layers = [layer, *every_layer(layer)]
    layers.sort(key=lambda each: (len(every_layer(each)), isinstance(each, _TIED)), reverse=True)
    return {id(weight): each for each in layers for weight in each.weights}


def _unit_axes(layer, weight):
    if isinstance(layer, _DEPTHWISE) or weight.name == "depthwise_kernel":
        return (-2, -1)
    return (-2,) if isinstance(layer, (*_TRANSPOSED, *_TIED)) else (-1,)
