"""The additions of a model at which a residual branch meets its shortcut.

Of the two tensors that are added, both come from one tensor before: the nearest such ancestor. The
one to which the longer way leads from there, counted in calls, is the residual branch, the other is
the shortcut: the ancestor itself, or a projection of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras

from kerasreg._backend.model_graph import Call, calls, is_addition
from kerasreg.models._levels import is_graph, members_by_path


@dataclass(frozen=True, kw_only=True)
class Residual:
    """One addition.

    Args:
        path: The way to `layer`, or to the operation.
        layer: What stands for the addition: the `Add` layer, or, for an operation, the last layer
            of its branch. None if that has no layers.
        call: The addition.
        branch: The tensor that is the end of the residual branch. None if it is not clear which.
        last: The layer or operation that made `branch`.
        problem: Why it is not clear.
    """

    path: str
    layer: keras.layers.Layer | None
    call: Call
    branch: keras.KerasTensor | None = None
    last: Any = None
    problem: str = ""


def residuals(model: Any) -> list[Residual]:
    """Returns the residual additions of all levels of a model, in the order of computation."""
    prefixes = {id(model): ""}
    for member in members_by_path(model):
        prefixes.setdefault(id(member.layer), f"{member.path}/")
    seen: set[int] = set()

    def inside(level: Any) -> Iterator[Residual]:
        seen.add(id(level))
        graph = _Graph(calls(level))
        for call in graph.calls:
            if is_graph(call.operation) and id(call.operation) not in seen:
                yield from inside(call.operation)
            elif is_addition(call.operation):
                yield from _residual(call, graph, prefixes[id(level)])

    return list(inside(model))


def _residual(call: Call, graph: "_Graph", prefix: str) -> Iterator[Residual]:
    """Yields an addition if the tensors that it adds have one shape and one origin."""
    added = list({id(tensor): tensor for tensor in call.inputs}.values())
    shapes = {tuple(tensor.shape) for tensor in (*added, *call.outputs)}
    origin = graph.common_origin(added)
    if len(added) < 2 or len(shapes) > 1 or origin is None:
        return
    if len(added) > 2:
        problem = f"this one adds {len(added)} tensors"
        yield Residual(**_named(call.operation, call.operation, prefix), call=call, problem=problem)
        return
    one, other = (graph.distance(origin, tensor) for tensor in added)
    branch = added[0] if one > other else added[1]
    last = graph.last_layer(branch, origin)
    named = _named(call.operation, last, prefix)
    if one == other:
        yield Residual(**named, call=call, problem=f"both ways to this one are {one} calls long")
    else:
        yield Residual(**named, call=call, branch=branch, last=graph.maker(branch))


def _named(operation: Any, last: Any, prefix: str) -> dict[str, Any]:
    layer = operation if isinstance(operation, keras.Layer) else last
    layer = layer if isinstance(layer, keras.Layer) else None
    return {"path": f"{prefix}{(layer or operation).name}", "layer": layer}


class _Graph:
    """The tensors of one level, numbered in the order of computation."""

    def __init__(self, made: list[Call]) -> None:
        self.calls = made
        self._number: dict[int, int] = {}
        self._maker: dict[int, Call] = {}
        self._ancestors: list[int] = []  # for each tensor the set of numbers, as bits
        for call in made:
            bits = 0
            for tensor in call.inputs:
                bits |= self._ancestors[self._add(tensor, 0)]
            for tensor in call.outputs:
                self._add(tensor, bits)
                self._maker[self._number[id(tensor)]] = call

    def _add(self, tensor: Any, bits: int) -> int:
        if id(tensor) not in self._number:
            self._number[id(tensor)] = len(self._ancestors)
            self._ancestors.append(bits | 1 << len(self._ancestors))
        return self._number[id(tensor)]

    def common_origin(self, tensors: list[Any]) -> int | None:
        """Returns the number of the last tensor from which all of these are made."""
        common = -1
        for tensor in tensors:
            common &= self._ancestors[self._number[id(tensor)]]
        return common.bit_length() - 1 if common > 0 else None

    def distance(self, origin: int, tensor: Any) -> int:
        """Returns the number of calls on the longest way from one tensor to another."""
        return self._distances(origin, self._number[id(tensor)])[self._number[id(tensor)]]

    def maker(self, tensor: Any) -> Any:
        """Returns the layer or operation that made a tensor, None for an input."""
        call = self._maker.get(self._number[id(tensor)])
        return None if call is None else call.operation

    def last_layer(self, tensor: Any, origin: int) -> Any:
        """Returns the last layer on the longest way from one tensor to another, if there is one."""
        number = self._number[id(tensor)]
        distances = self._distances(origin, number)
        while number != origin:
            call = self._maker[number]
            if isinstance(call.operation, keras.Layer):
                return call.operation
            before = {self._number[id(each)] for each in call.inputs}
            number = max(before, key=lambda each: distances.get(each, -1))
        return None

    def _distances(self, origin: int, to: int) -> dict[int, int]:
        """Returns the lengths of the ways from one tensor to those on the way to another."""
        distances = {origin: 0}
        for number in range(origin + 1, to + 1):
            if self._ancestors[to] >> number & self._ancestors[number] >> origin & 1:
                before = (self._number[id(each)] for each in self._maker[number].inputs)
                steps = [distances[each] for each in before if each in distances]
                distances[number] = 1 + max(steps)
        return distances
