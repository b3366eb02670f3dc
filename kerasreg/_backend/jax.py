"""The JAX backend: words are uint32, kernels are jitted functions."""

import functools
import math
import os

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from keras import ops

from kerasreg._backend.call_stack import called_from

_settings = {"fused": os.environ.get("KERASREG_FUSED", "1") != "0"}


WORD_DTYPE = "uint32"


def word(value):
    """Returns a Python integer as a word constant."""
    return np.uint32(value)


def low32(words):
    """Returns the low 32 bits: uint32 has no others."""
    return words


def element_index(shape):
    """Returns the row-major index of each element of `shape` as words."""
    return lax.iota(jnp.uint32, math.prod(shape)).reshape(shape)


def sizes(x):
    """Returns the sizes of a tensor as a tuple."""
    return tuple(x.shape)


@jax.jit
def philox(state):
    """Returns Philox4x32-10 of the uint32 [seed, step] of a seed generator.

    The arrays of a sharded computation are whole arrays here: one index runs over all
    devices, and there is no replica to tell apart.
    """
    seed, step = jnp.asarray(state).astype(jnp.uint32)
    zero = jnp.zeros_like(seed)
    key, counter = (seed, zero), (step, zero, zero, zero)
    for _ in range(10):
        (high0, low0), (high1, low1) = (
            _product(counter[0], 0xD2511F53),
            _product(counter[2], 0xCD9E8D57),
        )
        counter = (high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0)
        key = (key[0] + word(0x9E3779B9), key[1] + word(0xBB67AE85))
    return jnp.stack(counter)


def _product(a, b):
    # The high and the low word; JAX has no 64-bit integers by default.
    a_high, a_low, b_high, b_low = a >> 16, a & 0xFFFF, word(b >> 16), word(b & 0xFFFF)
    middle = a_high * b_low + (a_low * b_low >> 16)
    carry = (middle & 0xFFFF) + a_low * b_high
    return a_high * b_high + (middle >> 16) + (carry >> 16), a * word(b)


def absolute(x):
    """Returns |x|, with a gradient of 0 at 0, where JAX has 1."""
    return x * lax.stop_gradient(jnp.sign(x))


def where_kept(words, limit, kept, dropped=None):
    """Returns `kept` where `words >= limit[0]`, elsewhere `dropped` (None for 0).

    When `limit[1]` is 0, nothing is kept.
    """
    keep = (words >= limit[0]) & (limit[1] > word(0))
    return jnp.where(keep, kept, jnp.asarray(0 if dropped is None else dropped, kept.dtype))


def rounded(values, dtype):
    """Returns what was computed from values of `dtype` in a wider one, in `dtype` again."""
    return ops.cast(values, dtype)


def fused(forward, backward=None, second=None):
    """Returns a function that runs `forward` as one kernel, and its gradient as another.

    The interface is that of `kerasreg._backend.tensorflow.fused`. Gradients of any order are in
    reverse mode: a function with a gradient of its own (`jax.custom_vjp`) has no forward mode
    (`jax.jvp`, `jax.jacfwd`, `jax.hessian`).
    """
    backward = backward or forward
    second = second or backward

    def apply(x, key, *tensors, **static):
        function = _differentiable(forward, backward, second, tuple(sorted(static.items())))
        return function(jnp.asarray(x), key, *map(jnp.asarray, tensors))

    return apply


def use_fused(flag):
    """Lets kernels run (True, as at the start) or forces plain operations (False)."""
    _settings["fused"] = bool(flag)


def recomputing():
    """Whether the call stack runs through `jax.checkpoint`, which Keras' RematScope uses."""
    return called_from(lambda frame: frame.f_code.co_filename.endswith("ad_checkpoint.py"))


# Of this cache and the next, entries stay for good: one for each function and its Python values.
@functools.cache
def _differentiable(forward, backward, second, static):
    run = functools.partial(_run, forward, static)
    function = jax.custom_vjp(run)

    def keep_inputs(x, *rest):
        return run(x, *rest), rest

    def gradient(rest, dy):
        dx = _differentiable(backward, second, backward, static)(dy, *rest)
        return (dx, *[None] * len(rest))

    function.defvjp(keep_inputs, gradient)
    return function


def _run(function, static, *arguments):
    call = _compiled if _settings["fused"] else _plain
    return call(function, static)(*arguments)


@functools.cache
def _compiled(function, static):
    return jax.jit(_plain(function, static))


def _plain(function, static):
    return functools.partial(function, **dict(static))
