"""The gradient of a function, with respect to whatever tensors, wherever it is asked for."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops


def value_and_gradients(
    function: Callable[[list[Any]], tuple[Any, Any]],
    tensors: Sequence[Any],
    *,
    differentiable: bool = True,
) -> tuple[Any, Any, list[Any]]:
    """Returns the value of a function, what it returns beside it, and the gradient of the value.

    Where the value does not depend on a tensor, its gradient is 0.

    Args:
        function: Takes a list of tensors and returns a scalar and anything else.
        tensors: Tensors of floats (not variables).
        differentiable: Whether the gradients are going to be differentiated again, for which
            PyTorch keeps more than it does else, and runs the function uncompiled: what its
            compiler makes cannot be differentiated twice.
    """
    backend = keras.config.backend()
    tensors = list(tensors)
    if backend == "tensorflow":
        return _of_tape(function, tensors)
    if backend == "jax":
        import jax

        (value, rest), gradients = jax.value_and_grad(function, has_aux=True)(tensors)
        return value, rest, gradients
    import torch

    of_graph = torch.compiler.disable(_of_graph) if differentiable else _of_graph
    return of_graph(function, tensors, differentiable)


def _of_graph(function, tensors, differentiable):
    import torch

    with torch.enable_grad():
        # Tensors of their own: these may have a history, and are none of PyTorch's leaves.
        points = [each if each.requires_grad else each.detach() for each in tensors]
        points = [each.view_as(each).requires_grad_() for each in points]
        value, rest = function(points)
        gradients = torch.autograd.grad(
            value, points, create_graph=differentiable, allow_unused=True
        )
    pairs = zip(gradients, points, strict=True)
    return value, rest, [ops.zeros_like(x) if g is None else g for g, x in pairs]


def _of_tape(function, tensors):
    from kerasreg._backend.tensorflow import tf

    tensors = [tf.convert_to_tensor(each) for each in tensors]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value, rest = function(tensors)
    unconnected = tf.UnconnectedGradients.ZERO
    found = tape.gradient(value, tensors, unconnected_gradients=unconnected)
    return value, rest, [tf.convert_to_tensor(each) for each in found]
