"""What the layers are measured against, and the steps in which they are."""

import os
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

Step = Callable[[], object]


def tensorflow_step(
    layer: Callable, shape: tuple[int, ...], dtype: str, mode: str, backward: bool = True
) -> Step:
    """Returns a step that runs a layer in training, and its gradient, on TensorFlow.

    Args:
        layer: Called as `layer(x, training=True)`.
        shape: Shape of the input.
        dtype: Type of the input.
        mode: "eager", "graph" or "xla" (the whole step under `jit_compile=True`).
        backward: Whether the gradient is taken too.
    """
    generator = np.random.default_rng(0)
    x = tf.cast(generator.normal(size=shape).astype("float32"), dtype)
    outputs = layer(x, training=True).shape
    upstream = tf.cast(generator.normal(size=outputs).astype("float32"), dtype)

    def step(x, upstream):
        if not backward:
            return layer(x, training=True)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
        return y, tape.gradient(y, x, output_gradients=upstream)

    if mode != "eager":
        step = tf.function(step, jit_compile=mode == "xla", autograph=False)
    return lambda: step(x, upstream)


def floor(x, training):
    """One read and one write of the tensor."""
    return x * tf.cast(1.25, x.dtype)


def tensorflow_fractional_pool(operation: str, ratio: float) -> Callable:
    """Returns a fractional pooling operation of `tf.nn`, on images."""

    def pool(x, training):
        return getattr(tf.nn, operation)(x, [1.0, ratio, ratio, 1.0], pseudo_random=True)[0]

    return pool


class KerasCVDropBlock:
    """DropBlock2D by the algorithm of KerasCV 0.9: a max-pooled mask over Philox noise."""

    def __init__(self, rate: float, block_size: int) -> None:
        self.rate = rate
        self.block = block_size
        self.seed = keras.random.SeedGenerator(0)

    def __call__(self, x, training):
        _, height, width, _ = x.shape
        valid_height, valid_width = height - self.block + 1, width - self.block + 1
        gamma = self.rate * height * width / self.block**2 / (valid_height * valid_width)
        rows = (tf.range(height) >= self.block // 2) & (
            tf.range(height) < self.block // 2 + valid_height
        )
        columns = (tf.range(width) >= self.block // 2) & (
            tf.range(width) < self.block // 2 + valid_width
        )
        valid = tf.cast(rows[:, None] & columns[None, :], tf.float32)[None, :, :, None]
        noise = keras.random.uniform(tf.shape(x), dtype="float32", seed=self.seed)
        keep = tf.cast((1 - valid) + (1 - gamma) + noise >= 1, tf.float32)
        keep = -tf.nn.max_pool2d(-keep, self.block, 1, "SAME")
        share = tf.reduce_sum(keep) / tf.cast(tf.size(keep), tf.float32)
        return x / tf.cast(share, x.dtype) * tf.cast(keep, x.dtype)


class KerasCVDropPath:
    """DropPath by the algorithm of KerasCV 0.9: one Philox number for each sample, two products."""

    def __init__(self, rate: float) -> None:
        self.keep = 1.0 - rate
        self.seed = keras.random.SeedGenerator(0)

    def __call__(self, x, training):
        shape = (x.shape[0],) + (1,) * (len(x.shape) - 1)
        drop_map = keras.random.uniform(shape, seed=self.seed) < self.keep
        return x / self.keep * tf.cast(drop_map, x.dtype)


def torch_step(
    function: Callable, shape: tuple[int, ...], dtype: str, channels_last: bool = False
) -> Step:
    """Returns a step that runs a function of one tensor and its gradient on PyTorch, or raises."""
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    x = torch.randn(shape, dtype=getattr(torch, dtype))
    if channels_last:
        x = x.to(memory_format=torch.channels_last)
    x.requires_grad_()
    upstream = torch.randn_like(x)

    def step():
        x.grad = None
        y = function(x)
        y.backward(upstream)
        return y, x.grad

    return step


def timm_drop_block(rate: float, block_size: int) -> Callable:
    """Returns DropBlock2D by the algorithm of timm 1.0.23, without its coupling of the channels."""
    import torch
    from torch.nn import functional

    def drop_block(x):
        *_, height, width = x.shape
        gamma = rate * height * width / block_size**2
        gamma /= (height - block_size + 1) * (width - block_size + 1)
        with torch.no_grad():
            seeds = torch.empty_like(x).bernoulli_(gamma)
            dropped = functional.max_pool2d(seeds, block_size, 1, block_size // 2)
            if block_size % 2 == 0:
                dropped = dropped[..., 1:, 1:]
            keep = 1 - dropped
            keep.mul_((keep.numel() / (keep.float().sum() + 1e-7)).to(x.dtype))
        return x * keep

    return drop_block
