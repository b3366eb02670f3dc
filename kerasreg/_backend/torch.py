"""The PyTorch backend: words are int64 between 0 and 2**32 - 1, kernels are plain operations."""

import functools
import math

import torch
from keras import ops

from kerasreg._backend.call_stack import called_from

WORD_DTYPE = "int64"
MASK = 0xFFFFFFFF


def word(value):
    """Returns a Python integer as a word constant."""
    return int(value)


def low32(words):
    """Returns the low 32 bits of a sum, a product or a left shift of words."""
    return words & MASK


def element_index(shape):
    """Returns the row-major index of each element of `shape` as words."""
    return low32(ops.reshape(ops.arange(math.prod(shape), dtype="int64"), shape))


def sizes(x):
    """Returns the sizes of a tensor as a tuple."""
    return tuple(x.shape)


@torch.compiler.disable
def philox(state):
    """Returns Philox4x32-10 of the int32 [seed, step] of a seed generator.

    In Python's integers, which is many times faster than scalar tensors; Keras' own layers,
    too, fetch the seed from the device. Not compiled: `torch.compile` holds integers in 64 bits,
    in which the products of words overflow.
    """
    key = [state[0].item() & MASK, 0]
    counter = [state[1].item() & MASK, 0, 0, 0]
    for _ in range(10):
        first, second = counter[0] * 0xD2511F53, counter[2] * 0xCD9E8D57
        counter = [
            second >> 32 ^ counter[1] ^ key[0],
            second & MASK,
            first >> 32 ^ counter[3] ^ key[1],
            first & MASK,
        ]
        key = [key[0] + 0x9E3779B9 & MASK, key[1] + 0xBB67AE85 & MASK]
    return torch.tensor(counter, dtype=torch.int64, device=state.device)


def absolute(x):
    """Returns |x|, with a gradient of 0 at 0."""
    return ops.absolute(x)


def where_kept(words, limit, kept, dropped=None):
    """Returns `kept` where `words >= limit[0]`, elsewhere `dropped` (None for 0).

    When `limit[1]` is 0, nothing is kept.
    """
    keep = (words >= limit[0]) & (limit[1] > 0)
    dropped = torch.as_tensor(0 if dropped is None else dropped, device=kept.device)
    return torch.where(keep, kept, dropped.to(kept.dtype))


def rounded(values, dtype):
    """Returns what was computed from values of `dtype` in a wider one, in `dtype` again."""
    return ops.cast(values, dtype)


def fused(forward, backward=None, second=None):
    """Returns a function that runs `forward`, and whose gradient draws again from the key.

    The interface is that of `kerasreg._backend.tensorflow.fused`.
    """
    backward = backward or forward
    second = second or backward

    def apply(x, key, *tensors, **static):
        functions = [functools.partial(each, **static) for each in (forward, backward, second)]
        converted = [ops.convert_to_tensor(each) for each in (x, key, *tensors)]
        return _Drawn.apply(converted[0], functions, *converted[1:])

    return apply


def use_fused(flag):
    """Does nothing: operations are always plain here."""


@torch.compiler.disable
def recomputing():
    """Whether the call stack runs through `torch.utils.checkpoint`, which RematScope uses."""
    return called_from(lambda frame: frame.f_globals.get("__name__") == "torch.utils.checkpoint")


class _Drawn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, functions, *rest):
        ctx.functions = functions
        ctx.save_for_backward(*rest)
        return functions[0](x, *rest)

    @staticmethod
    def backward(ctx, dy):
        _, backward, second = ctx.functions
        rest = ctx.saved_tensors
        dx = _Drawn.apply(dy, [backward, second, backward], *rest)
        return (dx, None, *[None] * len(rest))


class GradientOnly(torch.autograd.Function):
    """See `kerasreg._backend.gradient_only`."""

    @staticmethod
    def forward(ctx, gradient, x, *constants):
        """Returns 0."""
        ctx.gradient = gradient
        ctx.save_for_backward(x, *constants)
        return x.new_zeros(())

    @staticmethod
    def backward(ctx, upstream):
        """Returns the gradient for `x` alone."""
        x, *constants = ctx.saved_tensors
        found = ctx.gradient(upstream, x, *constants)
        return (None, found, *[None] * len(constants))
