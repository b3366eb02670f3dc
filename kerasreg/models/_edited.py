"""A model made again with other layers in it, the same to the bit where nothing is edited.

The new model is made call by call along the graph of the old one, layers and operations such as
`ops.Add` alike: Keras' `clone_model` does not let a call of an operation be changed, nor one in a
sequential model. Layers keep their names, weights, seeds, precision and flags; a layer that is
called twice is one layer again, and so is a nested model. What the new model has not: what the old
one has compiled, and attributes set on it by hand.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
from keras import tree

from kerasreg._backend.model_graph import Call, calls, is_functional, is_sequential, members
from kerasreg._backend.rebuilding import Place, making
from kerasreg.models._copied_layer import copied_layer, copy_state
from kerasreg.models._levels import check_levels, members_by_path

_OWNER = "regularize"


@dataclass(frozen=True, kw_only=True, eq=False)
class NewLayer:
    """A layer to be put into a model; one of the three places is given.

    Args:
        name: The name that it gets if the model has no layer of that name, else one with a number.
        make: Makes the layer from its name. It returns one tensor of the shape and dtype of the one
            that it is given.
        after: The layer of the original model whose outputs go through it, in every call.
        before: The layer of the original model whose first argument goes through it, one tensor, in
            every call.
        into: A call of the original model's graph and one of its input tensors, as the `key` of
            `_backend.model_graph.Call` and the `id` of the tensor: what goes through it.
    """

    name: str
    make: Callable[[str], keras.layers.Layer]
    after: keras.layers.Layer | None = None
    before: keras.layers.Layer | None = None
    into: tuple[int, int] | None = None


def edited(
    model: keras.Model,
    *,
    replacements: Iterable[tuple[keras.layers.Layer, keras.layers.Layer]] = (),
    insertions: Iterable[NewLayer] = (),
) -> keras.Model:
    """Returns a new model that is the same but for other layers in it.

    Args:
        model: A functional or sequential model; other models and wrappers may be in it.
        replacements: Pairs of a layer of the model and the layer that takes its place, with its
            name, its weights and its state. A layer inside of a wrapper is replaced where the
            wrapper's config has it (see `_copied_layer.has_in_config`).
        insertions: Layers put into it. Of several in one place the first comes first.

    Raises:
        ValueError: If the model is not one that can be edited, if a layer of it cannot be made
            again from its config, or if it has a layer with weights in several levels.
    """
    check_levels(model, _OWNER)
    edit = _Edit(list(replacements), _made(model, insertions))
    with making(Place(edit.copies)):
        new = edit.copy_of(model)
    edit.copy_all_state()
    return new


def _made(model: Any, insertions: Iterable[NewLayer]) -> list[tuple[NewLayer, Any]]:
    # No name is given twice, not even in different levels: seeds are made from them.
    taken = {member.layer.name for member in members_by_path(model)}
    made = []
    for each in insertions:
        numbered = (f"{each.name}_{number}" for number in itertools.count(1))
        name = next(n for n in itertools.chain([each.name], numbered) if n not in taken)
        taken.add(name)
        made.append((each, each.make(name)))
    return made


class _Edit:
    def __init__(
        self, replacements: list[Any], insertions: list[tuple[NewLayer, keras.layers.Layer]]
    ) -> None:
        self.copies: dict[int, Any] = {}
        self._single: list[Any] = []
        self._levels: list[Any] = []
        self._generators: dict[int, Any] = {}
        self._replacements = replacements
        self._by = {id(old): new for old, new in replacements}
        self._insertions = insertions

    def copy_of(self, layer: Any) -> Any:
        """Returns the one copy of a layer, a model or an operation, without its state."""
        if id(layer) not in self.copies:
            self.copies[id(layer)] = self._copied(layer)
        return self.copies[id(layer)]

    def copy_all_state(self) -> None:
        """Copies the state of all layers; to be called when the models are complete."""
        for model in self._levels:  # outer models first: their flags are those of all inside
            new = self.copies[id(model)]
            if new.trainable != model.trainable:
                new.trainable = model.trainable
        for layer in self._single:
            copy_state(layer, self.copies[id(layer)])

    def _copied(self, layer: Any) -> Any:
        if is_functional(layer) or is_sequential(layer):
            self._levels.append(layer)
            new = self._sequential(layer) if is_sequential(layer) else self._functional(layer)
            if new.dtype_policy != layer.dtype_policy:
                new.dtype_policy = layer.dtype_policy
            return new
        if isinstance(layer, keras.Layer):
            self._single.append(layer)
        if id(layer) in self._by:
            return self._by[id(layer)]
        with making(Place(self.copies, layer)):
            return copied_layer(layer, self._replacements, self._generators)

    def _sequential(self, model: Any) -> Any:
        layers: list[Any] = []
        for layer in members(model):
            is_input = isinstance(layer, keras.layers.InputLayer)
            layers += [new for place, new in self._insertions if place.before is layer]
            layers.append(copied_layer(layer) if is_input else self.copy_of(layer))
            layers += [new for place, new in self._insertions if place.after is layer]
        return type(model)(layers, name=model.name)

    def _functional(self, model: Any) -> Any:
        inputs, tensors = {}, {}
        for layer in members(model):
            # An input layer has no state, and may stand in several levels.
            if isinstance(layer, keras.layers.InputLayer):
                inputs[id(layer.output)] = copied_layer(layer).output
                tensors[id(layer.output)] = self._after(layer, inputs[id(layer.output)])
        for call in calls(model):
            args, kwargs = call.arguments(self._with_inserted(call, tensors))
            outputs = tree.flatten(self.copy_of(call.operation)(*args, **kwargs))
            for old, new in zip(call.outputs, outputs, strict=True):
                tensors[id(old)] = self._after(call.operation, new)
        return type(model)(
            tree.map_structure(lambda tensor: inputs[id(tensor)], model.input),
            tree.map_structure(lambda tensor: tensors[id(tensor)], model.output),
            name=model.name,
        )

    def _after(self, operation: Any, tensor: Any) -> Any:
        for place, new in self._insertions:
            if place.after is operation:
                tensor = new(tensor)
        return tensor

    def _with_inserted(self, call: Call, tensors: Mapping[int, Any]) -> Mapping[int, Any]:
        """Returns the tensors for one call, some of them after what is inserted before it."""
        changed: dict[int, Any] = {}
        for place, new in self._insertions:
            if place.before is call.operation:
                keys = [id(tensor) for tensor in call.first]
            else:
                keys = [key for at, key in [place.into or (0, 0)] if at == call.key]
            for key in keys:
                changed[key] = new(changed.get(key, tensors[key]))
        return {**tensors, **changed} if changed else tensors
