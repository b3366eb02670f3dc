"""The TensorFlow backend: words are uint32, kernels are nested XLA functions.

A kernel is a `tf.function(jit_compile=True)` inside whatever graph or eager call the user has.
XLA turns draw and apply into one loop that reads and writes its tensor once. It compiles anew
for every run-time shape (a tenth of a second or two), which decides where plain operations
run instead: below `SMALLEST_KERNEL` elements, where sizes other than the batch are unknown while
tracing, in eager calls after `EAGER_SHAPES` different shapes, where XLA does not work, and where
the user says so with `use_fused(False)` or the environment variable `KERASREG_FUSED=0`.
Called eagerly, plain operations run as one graph, too, for the first `EAGER_SHAPES` shapes.
"""

import functools
import math
import os
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from kerasreg._backend.call_stack import called_from

SMALLEST_KERNEL = 16384
EAGER_SHAPES = 32

_settings = {"fused": os.environ.get("KERASREG_FUSED", "1") != "0"}
_here = threading.local()
# One entry for each signature, kept for good: in graphs, layers of one input and their options give
# a few; in eager calls, `EAGER_SHAPES` for each function.
_graphs: dict[Any, Callable] = {}
_eager_shapes: dict[Any, set] = defaultdict(set)


WORD_DTYPE = "uint32"


def word(value):
    """Returns a Python integer as a word constant."""
    return np.uint32(value)


def low32(words):
    """Returns the low 32 bits: uint32 has no others."""
    return words


def element_index(shape):
    """Returns the row-major index of each element of `shape` as words."""
    if not _in_kernel():
        count = tf.reduce_prod(shape) if tf.is_tensor(shape) else math.prod(shape)
        return tf.reshape(tf.cast(tf.range(count), tf.uint32), shape)
    # One range per axis: a range over all elements becomes a constant as large as the
    # tensor, which the kernel would have to read.
    index, stride = tf.zeros((), tf.uint32), tf.ones((), tf.uint32)
    for after, size in enumerate(reversed(shape)):
        steps = tf.cast(tf.range(size), tf.uint32) * stride
        index += tf.reshape(steps, [-1] + [1] * after)
        stride *= tf.cast(size, tf.uint32)
    return index


def sizes(x):
    """Returns the sizes of a tensor as a tuple, as a vector where its rank is not known."""
    return tf.shape(x) if x.shape.rank is None else ops.shape(x)


def philox(state):
    """Returns Philox4x32-10 of the int64 [seed, step] of a seed generator, and of the replica."""
    context = tf.distribute.get_replica_context()
    replica = 0
    if context is not None and context.num_replicas_in_sync > 1:
        replica = context.replica_id_in_sync_group
    replica = tf.cast(replica, tf.uint64)
    if tf.executing_eagerly():
        return _graph(_philox, _signature(state, replica), {}, False)(state, replica)
    return _philox(state, replica)


def _philox(state, replica):
    # TensorFlow's own operation gives the published numbers in every mode when it is handed its
    # key and counter; it does not when these are made from a seed.
    state = tf.bitcast(state, tf.uint64)
    return tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=[4],
        key=state[:1],
        counter=tf.stack([state[1], replica]),
        alg=1,
        dtype=tf.uint32,
    )


def absolute(x):
    """Returns |x|, with a gradient of 0 at 0."""
    return ops.absolute(x)


def where_kept(words, limit, kept, dropped=None):
    """Returns `kept` where `words >= limit[0]`, elsewhere `dropped` (None for 0).

    Args:
        words: Random words, of a shape that broadcasts to that of `kept`.
        limit: Three words: the limit; all bits set, or 0 when nothing is to be kept; 0.
        kept: A tensor. What it holds in dropped places, NaN and infinity included, is lost.
        dropped: A scalar tensor, or None for 0.
    """
    if _in_kernel() and kept.dtype == tf.float32:
        return _where_kept_by_bits(words, limit, kept, dropped)
    keep = tf.logical_and(words >= limit[0], limit[1] > word(0))
    if dropped is None and kept.dtype.is_floating:
        # tf.where is slow outside XLA, in float16 very.
        return tf.math.multiply_no_nan(kept, tf.cast(keep, kept.dtype))
    return tf.where(keep, kept, tf.cast(0 if dropped is None else dropped, kept.dtype))


def _where_kept_by_bits(words, limit, kept, dropped):
    # From a select between a tensor and 0, LLVM makes a load that waits for the mask: half the
    # speed for tensors larger than the caches. Two values that it does not know give a mask.
    mask = tf.where(words >= limit[0], limit[1], limit[2])
    bits = tf.bitcast(kept, tf.uint32) & mask
    if dropped is not None:
        bits |= tf.bitcast(tf.cast(dropped, tf.float32), tf.uint32) & ~mask
    return tf.bitcast(bits, tf.float32)


def rounded(values, dtype):
    """Returns what was computed from values of `dtype` in a wider one, in `dtype` again.

    XLA's own rounding to bfloat16 looks at each value for a NaN that would lose its last set bit.
    The NaN of arithmetic, and those that come from bfloat16, have their first bit set. On NVIDIA's
    GPUs, where they have all but the sign set, adding to them must not carry into the sign.
    """
    if not (_in_kernel() and dtype == tf.bfloat16 and values.dtype == tf.float32):
        return ops.cast(values, dtype)
    bits = tf.bitcast(tf.minimum(tf.bitcast(values, tf.int32), 0x7FFF0000), tf.uint32)
    to_even = tf.bitwise.right_shift(bits, word(16)) & word(1)
    bits = tf.bitwise.right_shift(bits + word(0x7FFF) + to_even, word(16))
    return tf.bitcast(tf.cast(bits, tf.uint16), tf.bfloat16)


def fused(forward, backward=None, second=None):
    """Returns a function that runs `forward` as one kernel, and its gradient as another.

    Nothing but the key is kept for the gradient: both kernels draw what they need from it.

    Args:
        forward: `forward(x, key, *tensors, **static)`, pure. Its random words come from `key`;
            its Python values (`static`) are hashable, and every other combination of them
            compiles a kernel of its own, so pass numbers that vary as `tensors`.
        backward: `backward(dy, key, *tensors, **static)`, the gradient in `x`. None when
            `forward` is linear in `x` and its own transpose, as any multiplication is.
        second: The derivative of `backward` in `dy`, same arguments. None when `backward` is its
            own transpose, as for every elementwise map.

    Returns:
        `apply(x, key, *tensors, **static)`. Only `x` has a gradient, of any order.
    """
    backward = backward or forward
    second = second or backward

    def apply(x, key, *tensors, **static):
        @tf.custom_gradient
        def linear(x, key, *tensors):
            def gradient(dy):
                dx = fused(backward, second, backward)(dy, key, *tensors, **static)
                return (dx, *[None] * (1 + len(tensors)))

            return _run(forward, x, key, tensors, static), gradient

        return linear(tf.convert_to_tensor(x), key, *map(tf.convert_to_tensor, tensors))

    return apply


def use_fused(flag):
    """Lets kernels run (True, as at the start) or forces plain operations (False).

    Functions that are already traced stay as they are.
    """
    _settings["fused"] = bool(flag)


def recomputing():
    """Whether the call stack runs through `tf.recompute_grad`, which Keras' RematScope uses."""
    return called_from(lambda frame: frame.f_code.co_qualname.startswith("recompute_grad."))


def _run(function, x, key, tensors, static):
    arguments = (x, key, *tensors)
    kernel = _worth_a_kernel(x)
    if tf.executing_eagerly():
        shapes = _eager_shapes[function]
        if tuple(x.shape) not in shapes and len(shapes) >= EAGER_SHAPES:
            return function(*arguments, **static)
        shapes.add(tuple(x.shape))
    elif not kernel:
        return function(*arguments, **static)
    return _graph(function, _signature(*arguments), static, kernel)(*arguments)


def _signature(*arguments):
    return tuple(tf.TensorSpec(each.shape, each.dtype) for each in arguments)


def _worth_a_kernel(x):
    if _in_kernel() or not x.dtype.is_floating or not x.shape.rank or None in x.shape[1:]:
        return False
    if x.shape[0] is not None and math.prod(x.shape) < SMALLEST_KERNEL:
        return False
    return _settings["fused"] and xla_works()


@functools.cache
def xla_works():
    """Returns whether XLA can compile here."""
    try:
        with tf.init_scope():
            tf.function(lambda: tf.constant(1), jit_compile=True)()
    except tf.errors.OpError:
        return False
    return True


def _graph(function, signature, static, kernel):
    """Returns `function` as a graph for one signature: as a kernel, or of plain operations."""
    key = (function, signature, tuple(sorted(static.items())), kernel)
    if key not in _graphs:
        # A partial object has no code of its own: TensorFlow, which counts retracing by code,
        # would take the graphs of different layers for one function that is traced again.
        traced = functools.partial(_traced, function, static, kernel)
        _graphs[key] = tf.function(
            traced, input_signature=signature, jit_compile=kernel, autograph=False
        )
    return _graphs[key]


def _traced(function, static, kernel, *arguments):
    _here.kernel = kernel
    try:
        return function(*arguments, **static)
    finally:
        _here.kernel = False


def _in_kernel():
    return getattr(_here, "kernel", False)
