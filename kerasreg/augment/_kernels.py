"""When XLA compiles a kernel, and for which batch sizes."""

import functools
from collections.abc import Sequence

import tensorflow as tf

JIT_COMPILE = ("auto", True, False)


def is_compiled(images: tf.Tensor, jit_compile: bool | str) -> bool:
    """Returns whether XLA is to compile the kernels for these images.

    XLA compiles anew for each size that it meets: with "auto", images whose height, width or
    channels are unknown while a graph is traced are left to plain TensorFlow.
    """
    if isinstance(jit_compile, bool):
        return jit_compile
    return images.shape[1:].is_fully_defined() and _can_compile()


@functools.cache
def _can_compile() -> bool:
    with tf.init_scope():
        try:
            tf.function(lambda x: x + 1, jit_compile=True, autograph=False)(tf.constant(0))
        except (tf.errors.OpError, ValueError):
            return False
    return True


def full_batch(count: tf.Tensor) -> tf.Tensor:
    """Returns the number of images to fill a batch of changing size up to.

    It has three significant bits: batches of all sizes up to 256 are compiled for 28 sizes at
    most, and none grows by more than a quarter. Powers of two stay as they are.
    """
    count = tf.maximum(count, 1)
    steps = tf.constant([2**power for power in range(29)], count.dtype)
    step = tf.reduce_max(tf.where(4 * steps <= count, steps, 1))
    return -tf.math.floordiv(-count, step) * step


def filled(tensors: Sequence[tf.Tensor], count: tf.Tensor) -> list[tf.Tensor]:
    """Returns the tensors with zeros appended along the first axis, up to `count` entries."""
    missing = count - tf.shape(tensors[0])[0]
    return [
        tf.pad(tensor, [[0, missing]] + [[0, 0]] * (tensor.shape.rank - 1)) for tensor in tensors
    ]
