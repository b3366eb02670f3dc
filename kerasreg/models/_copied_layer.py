"""A copy of a layer that is the same to the bit: made again from its config, with its state.

A layer is made again as `load_model` makes it. What the file of a model holds by name, such as a
class, a regularizer or an activation of the user's own, is at hand here, so that nothing needs to
be registered.
"""

import tempfile
import types
from collections.abc import Iterable, Sequence
from typing import Any

import keras
from keras import saving

from kerasreg import _checks
from kerasreg._backend.every_layer import every_layer

Replacements = Sequence[tuple[keras.layers.Layer, keras.layers.Layer]]
_OWNER = "regularize"


def copied_layer(
    layer: Any, replacements: Replacements = (), generators: dict[int, Any] | None = None
) -> Any:
    """Returns a layer or operation made again from its config, built if it was, without its state.

    Args:
        layer: The layer or operation.
        replacements: Pairs of layers: those inside of `layer` to which its config has an entry give
            place to the others.
        generators: The copies of the `keras.random.SeedGenerator`s that layers were given, by the
            ids of the originals. The copies of layers that share one share its copy.

    Raises:
        ValueError: If the layer cannot be made again.
    """
    try:
        data = saving.serialize_keras_object(layer)
        data.pop("compile_config", None)
        inside = {id(each) for each in _parts(layer)[1:]}
        for old, new in replacements:
            if id(old) in inside:
                data = _substituted(data, saving.serialize_keras_object(old), new)
        data["config"] |= _generators(layer, {} if generators is None else generators)
        copy = layer_from(data, [layer, *(new for _, new in replacements)])
    except Exception as error:  # whatever the class of a user raises
        fix = "Its class needs a `get_config` that has all arguments of its constructor."
        expected = (
            f"layers that can be made again from their configs, as in a saved model ({error})"
        )
        _refuse(layer, expected, fix, error)
    if copy.name != layer.name:  # an operation such as `ops.Add` has a new one
        copy.name = layer.name
    return copy


def layer_from(data: dict[str, Any], sources: Iterable[Any]) -> Any:
    """Returns a layer made from what `keras.saving.serialize_keras_object` says of one.

    Args:
        data: The serialized layer, edited perhaps.
        sources: Layers whose own classes and functions count as registered.
    """
    parts = [part for source in sources for part in _parts(source)]
    with saving.custom_object_scope(_own_objects(parts)):
        return saving.deserialize_keras_object(data, safe_mode=False)


def has_in_config(layer: Any, inside: keras.layers.Layer) -> bool:
    """Returns whether a layer's config has that of a layer inside of it, as a wrapper's has."""
    try:
        data = saving.serialize_keras_object(layer)["config"]
        sought = saving.serialize_keras_object(inside)
    except Exception:  # whatever the class of a user raises
        return False
    return _substituted(data, sought, inside, marker=True) != data


def copy_state(old: Any, new: Any) -> None:
    """Copies all that a layer has learned or drawn: weights, seeds, tables, what is frozen.

    Args:
        old: A layer.
        new: Its copy, or a layer with the same weights.

    Raises:
        ValueError: If the copy has other weights.
    """
    if old.built and not new.built:
        new.build_from_config(old.get_build_config())
        new.built = True
    if [v.shape for v in old.weights] != [v.shape for v in new.weights]:
        expected = f"layers whose configs bring back their {len(old.weights)} weights"
        fix = f"The one made again from the config has {_shapes(new)} in place of {_shapes(old)}."
        _refuse(old, expected, fix)
    pairs = list(zip(old.weights, new.weights, strict=True))
    for source, target in pairs:
        target.assign(source)
        for kind in ("regularizer", "constraint"):
            value = getattr(source, kind, None)
            if value is not None and getattr(target, kind, None) is None:
                setattr(target, kind, value)
    for source, target in zip(_parts(old), _parts(new), strict=False):
        _copy_part(source, target)
    for source, target in pairs:
        if target.trainable != source.trainable:
            target.trainable = source.trainable


def _copy_part(source: Any, target: Any) -> None:
    if target.name != source.name:  # one inside of a layer, which got a new name
        target.name = source.name
    seeds = list(zip(_own_seeds(source), _own_seeds(target), strict=False))
    for seed, copy in seeds:
        copy.assign(seed)
    if type(source) is type(target):
        _copy_by_file(source, target)
    if target.trainable != source.trainable:
        target.trainable = source.trainable


def _own_seeds(layer: Any) -> list[Any]:
    """Returns the states of the seed generators of a layer, without those of layers inside."""
    inside = {id(variable) for each in every_layer(layer) for variable in each.variables}
    weights = {id(weight) for weight in layer.weights}
    return [each for each in layer.variables if id(each) not in inside | weights]


def _parts(layer: Any) -> list[Any]:
    return [layer, *every_layer(layer)] if isinstance(layer, keras.Layer) else [layer]


def _substituted(data: Any, sought: Any, new: Any, *, marker: bool = False) -> Any:
    """Returns a config in which that of one layer is replaced by that of another."""
    if isinstance(data, dict):
        same = all(data.get(key) == sought[key] for key in ("class_name", "module", "config"))
        if same and "class_name" in data:
            return None if marker else saving.serialize_keras_object(new)
        return {key: _substituted(each, sought, new, marker=marker) for key, each in data.items()}
    if isinstance(data, list | tuple):
        return type(data)(_substituted(each, sought, new, marker=marker) for each in data)
    return data


def _generators(layer: Any, copies: dict[int, Any]) -> dict[str, Any]:
    if not isinstance(layer, keras.Layer):
        return {}
    found = {
        key: each
        for key, each in layer.get_config().items()
        if isinstance(each, keras.random.SeedGenerator)
    }
    for each in found.values():
        if id(each) not in copies:
            copies[id(each)] = keras.random.SeedGenerator.from_config(each.get_config())
    return {key: copies[id(each)] for key, each in found.items()}


def _own_objects(parts: Iterable[Any]) -> dict[str, Any]:
    """Returns the classes and functions of layers that are not Keras' own, by Keras' names."""
    found: dict[str, Any] = {}
    for part in parts:
        for each in (part, *list(vars(part).values())):
            thing = each if isinstance(each, types.FunctionType) else type(each)
            is_saved = thing is each or hasattr(each, "get_config")
            name = saving.get_registered_name(thing)
            is_known = saving.get_registered_object(name) is not None or _is_public(thing)
            if is_saved and not is_known:
                found[name] = thing
    return found


def _is_public(thing: Any) -> bool:
    # Keras finds what it exports by itself; another class may have the same name.
    names = thing.__module__.split(".")
    places = (keras.layers, keras.regularizers, keras.initializers, keras.constraints)
    return names[0] == "keras" and any(
        getattr(place, thing.__name__, None) is thing for place in places
    )


def _copy_by_file(source: Any, target: Any) -> None:
    """Copies what a class keeps beside its variables, by its own methods for saving it."""
    if _overrides(source, "load_own_variables") and source.built:
        store: dict[str, Any] = {}
        source.save_own_variables(store)
        target.load_own_variables(store)
    if _overrides(source, "load_assets"):
        with tempfile.TemporaryDirectory() as folder:
            source.save_assets(folder)
            target.load_assets(folder)


def _overrides(layer: Any, method: str) -> bool:
    own = getattr(type(layer), method, None)
    return own is not None and own is not getattr(keras.Layer, method, None)


def _shapes(layer: Any) -> str:
    shapes = [tuple(weight.shape) for weight in layer.weights]
    return f"{len(shapes)} weights ({', '.join(map(str, shapes[:6]))})"


def _refuse(layer: Any, expected: str, fix: str, error: Exception | None = None) -> None:
    try:
        _checks.refuse("model", layer.name, _OWNER, f"a model of {expected}", fix=fix)
    except ValueError as refusal:
        raise refusal from error
