"""A function that is 0 and has the gradient of another one."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

Gradient = Callable[..., Any]


def gradient_only(gradient: Gradient, x: Any, *constants: Any) -> Any:
    """Returns a scalar of 0 whose gradient for a tensor is given; of that nothing is computed now.

    Args:
        gradient: `gradient(upstream, x, *constants)` is the gradient for `x`, where `upstream` is
            the scalar gradient of what the 0 is added to. It may be differentiated again.
        x: The tensor.
        constants: Tensors that have no gradient.
    """
    backend = keras.config.backend()
    x = x.value if isinstance(x, keras.Variable) else x
    if backend == "tensorflow":
        return _on_tensorflow(gradient, x, constants)
    if backend == "jax":
        return _on_jax(gradient, x, constants)
    return _torch_function().apply(gradient, x, *constants)


def gradient_of(function: Callable[[Any], Any]) -> Gradient:
    """Returns the gradient of a scalar function of one tensor, for `gradient_only`."""
    backend = keras.config.backend()
    if backend == "tensorflow":
        from kerasreg._backend.tensorflow import tf

        def gradient(upstream, x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = function(x)
            zero = tf.UnconnectedGradients.ZERO
            return tape.gradient(value, x, ops.cast(upstream, value.dtype), zero)

    elif backend == "jax":
        import jax

        def gradient(upstream, x):
            value, pullback = jax.vjp(function, x)
            return pullback(upstream.astype(value.dtype))[0]

    else:
        import torch

        def gradient(upstream, x):
            again = torch.is_grad_enabled()
            with torch.enable_grad():
                x = x if again else x.detach().requires_grad_()
                value = function(x)
                if not value.requires_grad:
                    return torch.zeros_like(x)
                upstream = upstream.to(value.dtype)
                return torch.autograd.grad(value, x, upstream, create_graph=again)[0]

    return gradient


def _on_tensorflow(gradient, x, constants):
    from kerasreg._backend.tensorflow import tf

    @tf.custom_gradient
    def zero(x, *constants):
        none = [None] * len(constants)
        return tf.zeros((), x.dtype), lambda upstream: (gradient(upstream, x, *constants), *none)

    return zero(x, *constants)


def _on_jax(gradient, x, constants):
    import jax
    from jax import numpy as jnp

    @jax.custom_jvp
    def zero(x, *constants):
        return jnp.zeros((), x.dtype)

    @zero.defjvp
    def tangent(primals, tangents):
        # Transposed, as reverse mode does it, this is the gradient times the upstream one.
        x = primals[0]
        one = jnp.ones((), x.dtype)
        return zero(*primals), jnp.sum(gradient(one, *primals) * tangents[0])

    return zero(x, *constants)


def _torch_function():
    from kerasreg._backend.torch import GradientOnly

    return GradientOnly
