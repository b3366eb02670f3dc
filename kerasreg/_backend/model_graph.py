"""The graph of a functional model, and the list of a sequential one, as they stand.

Keras offers its graphs for reading as configs only, in which tensors are numbered anew; a graph
that is to be edited needs to know which call makes which tensor, of layers and of operations such
as `ops.Add` alike. What is private here:

- `Function._nodes_by_depth` has the calls, deepest first, which is the order in which Keras
  computes them; `Node.arguments` the arguments of one, `fill_in` puts other tensors in their place;
- `Sequential._layers` is `layers` with the input, `Sequential._functional` the model's graph.

The class of functional models has no public name: it is what is a `keras.Model` and a
`keras.Function`. Nor has that of the operation which `ops.add` and `+` make.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
from keras import tree


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a layer or operation in a graph: what Keras calls a node.

    Args:
        operation: The layer or the operation.
        inputs: The symbolic tensors among its arguments, in order, masks included.
        first: Those in its first argument.
        outputs: The tensors that it returns, flat.
    """

    operation: Any
    inputs: tuple[keras.KerasTensor, ...]
    first: tuple[keras.KerasTensor, ...]
    outputs: tuple[keras.KerasTensor, ...]
    _node: Any

    @property
    def key(self) -> int:
        """Returns what stands for this call among others, for as long as the model is there."""
        return id(self._node)

    def arguments(self, tensors: Mapping[int, Any]) -> tuple[Any, Any]:
        """Returns the arguments and keyword arguments, with other tensors, by the old ones' ids."""
        return self._node.arguments.fill_in(tensors)


def is_functional(layer: Any) -> bool:
    """Returns whether a layer is a functional model that is no more than its graph.

    A class of its own is, if it is made from inputs and outputs: Keras loads that from the graph.
    """
    graph = isinstance(layer, keras.Model) and isinstance(layer, keras.Function)
    return graph and _takes(type(layer), ["inputs", "outputs", "name"])


def is_sequential(layer: Any) -> bool:
    """Returns whether a layer is a sequential model that is no more than its list of layers."""
    return isinstance(layer, keras.Sequential) and _takes(
        type(layer), ["layers", "trainable", "name"]
    )


def _takes(kind: type, names: list[str]) -> bool:
    signature = inspect.getfullargspec(kind.__init__)  # type: ignore[misc]
    anything = signature.varargs is not None and signature.varkw is not None
    return anything or signature.args[1:] == names


def is_addition(operation: Any) -> bool:
    """Returns whether a layer or operation adds tensors: `layers.Add`, `ops.add` or `+`."""
    if isinstance(operation, keras.Layer):
        return isinstance(operation, keras.layers.Add)
    kind = type(operation)
    return kind.__name__ == "Add" and kind.__module__.split(".")[0] == "keras"


def calls(model: Any) -> list[Call]:
    """Returns the calls of a model's graph in the order of computation, without its inputs.

    That of a sequential model is a chain; it has none if it is not built.
    """
    graph = model._functional if isinstance(model, keras.Sequential) else model
    if graph is None:
        return []
    return [
        Call(
            operation=node.operation,
            inputs=tuple(node.input_tensors),
            first=_first(node.arguments),
            outputs=tuple(node.outputs),
            _node=node,
        )
        for depth in sorted(graph._nodes_by_depth, reverse=True)
        for node in graph._nodes_by_depth[depth]
        if not node.is_input
    ]


def _first(arguments: Any) -> tuple[Any, ...]:
    given = [*arguments.args, *arguments.kwargs.values()][:1]
    return tuple(each for each in tree.flatten(given) if isinstance(each, keras.KerasTensor))


def members(model: Any) -> list[keras.layers.Layer]:
    """Returns the layers directly in a functional or sequential model, inputs included.

    A layer that stands in a sequential model more than once is there as often.
    """
    return list(model._layers if isinstance(model, keras.Sequential) else model.layers)
