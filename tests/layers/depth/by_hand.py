"""What the layers draw, in NumPy's float64; and gradients on whatever backend runs."""

import keras
import numpy as np
from keras import ops

from tests._random.reference import words


def kept(seed, step, shape, rate, stream=0):
    """1 where something stays, else 0."""
    return (words(seed, step, shape, stream=stream) >= round(rate * 2**32)).astype("float64")


def uniform(seed, step, shape, stream=0):
    """Numbers in [0, 1): the upper 24 bits of the words."""
    return (words(seed, step, shape, stream=stream) >> np.uint32(8)) / 2.0**24


def output_and_gradients(call, inputs, upstream):
    """Returns `call(*inputs)` and the gradients of its sum, weighted with `upstream`."""
    backend = keras.backend.backend()
    tensors = [ops.convert_to_tensor(each) for each in inputs]
    if backend == "jax":
        import jax

        y, pull = jax.vjp(call, *tensors)
        gradients = pull(ops.convert_to_tensor(upstream))
    elif backend == "torch":
        import torch

        tensors = [tensor.detach().requires_grad_() for tensor in tensors]
        y = call(*tensors)
        gradients = torch.autograd.grad(y, tensors, ops.convert_to_tensor(upstream))
    else:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(tensors)
            y = call(*tensors)
        gradients = tape.gradient(y, tensors, output_gradients=upstream)
    return numpy(y), [numpy(gradient) for gradient in gradients]


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")
