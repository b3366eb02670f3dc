"""The levels of a model: its own graph, and those of the models nested in it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import keras

from kerasreg import _checks
from kerasreg._backend.every_layer import every_layer
from kerasreg._backend.model_graph import is_functional, is_sequential, members


class Member(NamedTuple):
    """A layer that stands in the graph of a model, or in the list of a sequential one.

    Args:
        path: The way to it from the outermost model, as in `layers_by_path`.
        layer: The layer, which may be a model with members of its own.
        model: The model in whose graph it stands.
    """

    path: str
    layer: keras.layers.Layer
    model: Any


def is_graph(layer: Any) -> bool:
    """Returns whether a layer is a functional or sequential model that can be edited."""
    return is_functional(layer) or is_sequential(layer)


def members_by_path(model: Any) -> list[Member]:
    """Returns the members of all levels, each once."""
    seen: set[int] = set()

    def inside(level: Any, prefix: str) -> Iterator[Member]:
        for layer in members(level):
            if id(layer) not in seen:
                seen.add(id(layer))
                path = f"{prefix}{layer.name}"
                yield Member(path, layer, level)
                if is_graph(layer):
                    yield from inside(layer, f"{path}/")

    return list(inside(model, ""))


def check_levels(model: Any, owner: object) -> None:
    """Refuses a model that cannot be edited, with the reason.

    Raises:
        ValueError: If the model is not built, has no graph, or has a layer with weights in several
            levels, or in a level and inside of a layer.
    """
    if not is_graph(model):
        fix = (
            "What a model of its own class calls is in its code: regularize(..., in_place=True) "
            "puts penalties on its weights, and other layers have to be written there."
        )
        if isinstance(model, keras.Function):
            fix += " To edit the graph that it has, pass keras.Model(model.inputs, model.outputs)."
        _checks.refuse("model", model, owner, "a functional or sequential model", fix=fix)
    if not model.built:
        fix = "Call it on a batch first."
        _checks.refuse("model", model.name, owner, "a model that is built", fix=fix)
    holders: dict[int, str] = {}
    for holder, layer in _held(model):
        if layer.weights and holders.setdefault(id(layer), holder) != holder:
            _refuse_shared(layer, holders[id(layer)], holder, owner)


def _held(model: Any) -> Iterator[tuple[str, Any]]:
    """Yields every layer with a name for what it stands in."""
    levels = [("the model itself", model)]
    levels += [(f"`{each.path}`", each.layer) for each in members_by_path(model)]
    for name, holder in levels:
        inside = members(holder) if is_graph(holder) else every_layer(holder)
        for layer in inside:
            yield name, layer


def _refuse_shared(layer: Any, one: str, other: str, owner: object) -> None:
    fix = (
        f"`{layer.name}` stands in {one} and in {other}: Keras saves it with each of them, and "
        "cannot load such a file. Put both calls into one of the two, or share a whole model."
    )
    expected = "a model whose layers with weights each stand in one level"
    _checks.refuse("model", layer.name, owner, expected, fix=fix)
