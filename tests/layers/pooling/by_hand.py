"""Pooling written out region by region in NumPy, and gradients on every backend."""

import itertools

import keras
import numpy as np
from keras import ops


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def regions_between(boundaries, overlapping):
    """The positions of each region between boundaries."""
    size = boundaries[-1]
    ends = [min(end + overlapping, size) for end in boundaries[1:]]
    return [range(start, end) for start, end in zip(boundaries[:-1], ends, strict=True)]


def pooled(x, regions, reduce):
    """Reduces every product of regions of the axes behind the first one.

    Args:
        x: An array, channels last.
        regions: For each spatial axis, the positions of each of its regions.
        reduce: Takes an array and the axes to reduce.
    """
    x = x.astype("float64")
    axes = tuple(range(1, 1 + len(regions)))
    y = np.empty((len(x), *map(len, regions), x.shape[-1]))
    for place in itertools.product(*(range(len(each)) for each in regions)):
        chosen = [each[i] for each, i in zip(regions, place, strict=True)]
        part = x[np.ix_(range(len(x)), *chosen, range(x.shape[-1]))]
        y[(slice(None), *place)] = reduce(part, axes)
    return y


def gradient(function, x, dy):
    """The output of a function of one tensor and the gradient of `sum(dy * output)`."""
    backend = keras.config.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        x = tf.convert_to_tensor(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return numpy(y), numpy(tape.gradient(y, x, ops.convert_to_tensor(dy)))
    if backend == "jax":
        import jax

        y, back = jax.vjp(function, jax.numpy.asarray(x))
        return numpy(y), numpy(back(jax.numpy.asarray(dy))[0])
    x = ops.convert_to_tensor(x).requires_grad_()
    y = function(x)
    y.backward(ops.convert_to_tensor(dy))
    return numpy(y), numpy(x.grad)


def second_gradient(function, x):
    """The gradient of `sum(function(x) ** 3)`, and the gradient of the sum of that."""
    backend = keras.config.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        x = tf.convert_to_tensor(x)
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                loss = tf.reduce_sum(function(x) ** 3)
            first = inner.gradient(loss, x)
        return numpy(first), numpy(outer.gradient(first, x))
    if backend == "jax":
        import jax

        def summed(x):
            first = jax.grad(lambda x: (function(x) ** 3).sum())(x)
            return first.sum(), first

        second, first = jax.grad(summed, has_aux=True)(jax.numpy.asarray(x))
        return numpy(first), numpy(second)
    import torch

    x = ops.convert_to_tensor(x).requires_grad_()
    (first,) = torch.autograd.grad((function(x) ** 3).sum(), x, create_graph=True)
    return numpy(first), numpy(torch.autograd.grad(first.sum(), x)[0])
