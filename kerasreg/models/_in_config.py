"""Penalties and constraints put on layers that are built, such that they are saved with them.

Keras reads `layer.kernel_regularizer` once, when it makes the variable: on a built layer the
attribute is read by `get_config` alone, and the variable's own `regularizer` by the loss. So both
have to be set. A layer inside of a layer is saved only as far as the outer one's config tells:
wrappers keep the configs of what they wrap, but `MultiHeadAttention` and most custom layers make
their layers anew from arguments of their own. Whether all comes back is tried, not guessed: the
layer is made again from its config.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import keras

from kerasreg._backend.every_layer import every_layer, own_weights
from kerasreg.models._copied_layer import copied_layer, has_in_config
from kerasreg.models._levels import is_graph


class Put(NamedTuple):
    """A value on a weight: `kind` is "regularizer" or "constraint"."""

    weight: keras.Variable
    kind: str
    value: Any


def put_on_weights(model: keras.Model, puts: Mapping[Any, Put]) -> set[Any]:
    """Puts values on weights and in the configs of layers.

    Args:
        model: A built model.
        puts: What is put on which weight of the model, at most one of a kind on each.

    Returns:
        The keys of those that a saved model would not bring back.
    """
    owners = _owners(model)
    for put in puts.values():
        setattr(put.weight, put.kind, put.value)
        for owner in owners[id(put.weight)]:
            _set_argument(owner, _argument(owner, put.weight.name, put.kind), put.value)
    kept: set[int] = set()
    for unit, _ in _saved_units(model):
        weights = {id(weight) for weight in unit.weights}
        inside = [put for put in puts.values() if id(put.weight) in weights]
        if inside:
            kept |= {id(put) for put in _kept(unit, inside)}
    return {key for key, put in puts.items() if id(put) not in kept}


def put_on_outputs(model: keras.Model, puts: Mapping[Any, tuple[Any, Any]]) -> set[Any]:
    """Puts penalties on the outputs of layers.

    Args:
        model: A built model.
        puts: Pairs of a layer of the model and a penalty.

    Returns:
        The keys of those that a saved model would not bring back.
    """
    for layer, penalty in puts.values():
        layer.activity_regularizer = penalty
    changed = {id(layer) for layer, _ in puts.values()}
    kept: set[int] = set()
    for unit, parts in _saved_units(model):
        again = _rebuilt(unit) if changed & {id(part) for part in parts} else None
        if again is not None:
            pairs = zip(parts, [again, *every_layer(again)], strict=True)
            kept |= {id(part) for part, new in pairs if id(part) in changed and _alike(part, new)}
    return {key for key, (layer, _) in puts.items() if id(layer) not in kept}


def _saved_units(model: Any) -> Iterator[tuple[Any, list[Any]]]:
    """Yields the layers that the config of a model has, in nested models, too, each with its parts.

    What is inside of them is saved as far as their own configs tell. A subclassed model makes its
    layers by itself: its config has none, but for the models that it was given.
    """
    for layer in model.layers:
        if not (is_graph(model) or (is_graph(layer) and has_in_config(model, layer))):
            continue
        if is_graph(layer):
            yield from _saved_units(layer)
        elif isinstance(layer, keras.layers.Layer):
            yield layer, [layer, *every_layer(layer)]


def _argument(layer: Any, name: str, kind: str) -> str:
    """Returns the argument of a layer for the regularizer or constraint of a weight, or ""."""
    try:
        config = layer.get_config()
    except (AttributeError, NotImplementedError):
        return ""
    names = [name, name.removesuffix("_kernel")]
    if name == "kernel":  # what it is called in DepthwiseConv
        names.append("depthwise")
    return next((f"{each}_{kind}" for each in names if f"{each}_{kind}" in config), "")


def _set_argument(layer: Any, argument: str, value: Any) -> None:
    for attribute in (argument, f"_{argument}") if argument else ():
        if hasattr(layer, attribute):
            # A recurrent layer shows what its cell has: there is nothing to set then.
            if getattr(layer, attribute) is not value:
                setattr(layer, attribute, value)
            return


def _is_own(part: Any) -> bool:
    return type(part).__module__.split(".")[0] in ("keras", "kerasreg")


def _kept(unit: Any, puts: list[Put]) -> list[Put]:
    """Returns what comes back when a layer is made again from its config."""
    _tell_outer_layers(unit, puts)
    own = {id(weight) for weight in own_weights(unit)}
    said = [put for put in puts if _argument(unit, put.weight.name, put.kind)]
    if _is_own(unit) and len(said) == len(puts) and all(id(put.weight) in own for put in puts):
        return puts
    again = _rebuilt(unit)
    if again is None:
        return []
    places = {id(weight): place for place, weight in enumerate(unit.weights)}
    weights = again.weights
    return [
        put for put in puts if _equal(getattr(weights[places[id(put.weight)]], put.kind), put.value)
    ]


def _tell_outer_layers(unit: Any, puts: list[Put]) -> None:
    """Sets the arguments of layers that hand them on to all layers inside of them."""
    for outer in reversed([unit, *every_layer(unit)]):
        own = {id(weight) for weight in own_weights(outer)}
        inside = {id(weight) for weight in outer.weights} - own
        values = {
            (put.weight.name, put.kind): put.value for put in puts if id(put.weight) in inside
        }
        for (name, kind), value in values.items():
            alike = [weight for weight in outer.weights if weight.name == name]
            if all(getattr(weight, kind) is value for weight in alike):
                _set_argument(outer, _argument(outer, name, kind), value)


def _owners(model: keras.Model) -> dict[int, list[Any]]:
    """Returns the layers that have a weight as their own; wrappers may share one."""
    owners = defaultdict(list)
    for layer in (model, *every_layer(model)):
        for weight in own_weights(layer):
            owners[id(weight)].append(layer)
    return owners


def _rebuilt(layer: Any) -> Any:
    """Returns a layer made again as `load_model` does, or None where that fails."""
    try:
        again = copied_layer(layer)
        if layer.built and not again.built:
            again.build_from_config(layer.get_build_config())
    except Exception:  # whatever the class of a user raises
        return None
    return again if _kinds(again) == _kinds(layer) else None


def _kinds(layer: Any) -> list[Any]:
    names = [weight.name for weight in layer.weights]
    return [*names, *(type(part) for part in every_layer(layer))]


def _alike(one: Any, other: Any) -> bool:
    return _equal(one.activity_regularizer, other.activity_regularizer)


def _equal(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one.get_config() == other.get_config()
