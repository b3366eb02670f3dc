"""What a wrapper takes over from the layer that it wraps: precision, output shape."""

import inspect
from collections.abc import Mapping
from typing import Any

import keras
from keras import tree

from kerasreg import _checks


def wrapper_arguments(layer: Any, owner: object, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the keyword arguments for `keras.layers.Wrapper` of a checked layer.

    The precision is that of the layer unless given. Inputs are left as they are: the wrapped
    layer casts its own.
    """
    _checks.instance("layer", layer, owner, keras.layers.Layer, "a Keras layer")
    _refuse_several_shapes(layer, owner)
    if "go_backwards" in arguments:
        name = type(owner).__name__
        expected = "no such argument"
        fix = f"Bidirectional goes inside: {name}(Bidirectional(layer))."
        _checks.refuse("go_backwards", arguments["go_backwards"], owner, expected, fix=fix)
    own = {"dtype": arguments.get("dtype") or layer.dtype_policy, "autocast": False}
    return {**arguments, **own}


def _refuse_several_shapes(layer: keras.layers.Layer, owner: object) -> None:
    named = inspect.signature(layer.build).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [each.name for each in named if each.kind in kinds and each.default is each.empty]
    if len(needed) > 1:
        expected = f"a layer that is built for one input, not for {', '.join(needed)}"
        _checks.refuse("layer", layer, owner, expected)


def output_shape(layer: keras.layers.Layer, input_shape: Any) -> Any:
    """Returns the output shape of any layer, one without `compute_output_shape` included."""
    inputs = tree.map_shape_structure(
        lambda shape: keras.KerasTensor(shape, dtype=layer.compute_dtype), input_shape
    )
    outputs = layer.compute_output_spec(inputs)
    return tree.map_structure(lambda output: tuple(output.shape), outputs)


def in_precision_of(wrapper: keras.layers.Wrapper, outputs: Any) -> Any:
    """Returns a layer's outputs, the floating ones in the wrapper's precision."""

    def cast(output):
        if keras.backend.is_float_dtype(keras.backend.standardize_dtype(output.dtype)):
            return keras.ops.cast(output, wrapper.compute_dtype)
        return output

    return tree.map_structure(cast, outputs)
