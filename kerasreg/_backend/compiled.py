"""A pure function, compiled as the backend does it."""

from collections.abc import Callable
from typing import Any

import keras


def compiled(function: Callable[..., Any], *, exact_shapes: bool = False) -> Callable[..., Any]:
    """Returns a function that does the same, compiled and without gradients.

    It is traced once for each signature of its arguments: to a graph on TensorFlow, to a kernel on
    JAX. On PyTorch it runs as it is.

    Args:
        function: A pure function of tensors and nests of them. What it raises while it is traced
            is raised as it is.
        exact_shapes: Whether each trace is to know all sizes. If not, TensorFlow makes one trace do
            for sizes that differ from call to call.
    """
    backend = keras.config.backend()
    if backend == "tensorflow":
        from kerasreg._backend.tensorflow import tf

        return tf.function(function, autograph=False, reduce_retracing=not exact_shapes)
    if backend == "jax":
        import jax

        return jax.jit(function)
    import torch

    return torch.no_grad()(function)


def traced(function: Callable[..., Any], *arguments: Any) -> None:
    """Runs a function for what its Python code does on the way, with as little work as can be.

    TensorFlow and JAX trace it with the shapes of the arguments and compute nothing; PyTorch runs
    it.

    Args:
        function: A pure function of tensors and nests of them.
        arguments: What it is called with.
    """
    backend = keras.config.backend()
    if backend == "tensorflow":
        from kerasreg._backend.tensorflow import tf

        tf.function(function, autograph=False).get_concrete_function(*arguments)
    elif backend == "jax":
        import jax

        jax.eval_shape(function, *arguments)
    else:
        compiled(function)(*arguments)
