"""TensorFlow's one kernel for batch normalization, which is cuDNN's on a GPU."""

import math

import keras
from keras import ops

from kerasreg._backend.own_gradient import own_gradient
from kerasreg._backend.under_xla import has_gpu, under_xla

# On a CPU the kernel waits for threads some hundred microseconds, the time that plain operations
# take for this many elements.
SMALLEST = 131072
# Sizes that are not known while tracing are taken for this one.
GUESSED_SIZE = 32


def kernel_fits(x) -> bool:
    """Returns whether the kernel takes a tensor and is the faster way to normalize it.

    XLA takes the kernel apart into operations that are slower than those that one can write.
    """
    if keras.config.backend() != "tensorflow":
        return False
    from kerasreg._backend.tensorflow import tf

    if x.dtype not in (tf.float32, tf.float16, tf.bfloat16) or 0 in x.shape:
        return False
    if tf.executing_eagerly() or has_gpu():
        return not under_xla()
    elements = math.prod(size or GUESSED_SIZE for size in x.shape)
    return elements >= SMALLEST and not under_xla()


def fused_batch_norm(x, gamma, beta, axis: int, epsilon: float, plain):
    """Returns the normalized data, and the mean and the unbiased variance of each channel.

    The sums are in float32 for data in half precision, too. Without elements mean and variance
    are NaN, and of a single one the variance is not to be relied on.

    Args:
        x: Data that fit the kernel (`kernel_fits`).
        gamma: A factor for each channel, in float32.
        beta: What is added to each channel, in float32.
        axis: The channels' axis, not negative.
        epsilon: What is added to the variance.
        plain: `plain(x, gamma, beta)` is the normalized data, in operations that can be
            differentiated; for derivatives of higher order.
    """
    from kerasreg._backend.tensorflow import tf

    shape = ops.shape(x)
    channels_last = axis == len(shape) - 1 or shape[axis] == 1
    options = {"epsilon": epsilon, "data_format": "NHWC" if channels_last else "NCHW"}

    def reshaped(x, sizes):
        return x if len(shape) == 4 and axis == 3 else tf.reshape(x, sizes)

    def in_four_axes(x):
        return reshaped(x, _four_sizes(shape, axis, channels_last))

    def forward(x, gamma, beta):
        y, *statistics = tf.raw_ops.FusedBatchNormV3(
            x=in_four_axes(x), scale=gamma, offset=beta, mean=[], variance=[], **options
        )
        return reshaped(y, shape), *statistics

    def gradient(upstream, kept, x, gamma, beta):
        by_x, *by_weights = tf.raw_ops.FusedBatchNormGradV3(
            y_backprop=in_four_axes(upstream),
            x=in_four_axes(x),
            scale=gamma,
            reserve_space_1=kept[2],
            reserve_space_2=kept[3],
            reserve_space_3=kept[4],
            **options,
        )[:3]
        return reshaped(by_x, shape), *by_weights

    return own_gradient(forward, gradient, plain)(x, gamma, beta)[:3]


def fused_inference(x, gamma, beta, mean, variance, epsilon: float, plain):
    """Returns the data normalized with a given mean and variance of each channel.

    Args:
        x: Data that fit the kernel, channels last.
        gamma: A factor for each channel, in float32.
        beta: What is added to each channel, in float32.
        mean: What is subtracted from each channel, in float32.
        variance: The variance of each channel, in float32.
        epsilon: What is added to the variance.
        plain: `plain(x, gamma, beta, mean, variance)`, see `fused_batch_norm`.
    """
    from kerasreg._backend.tensorflow import tf

    shape = ops.shape(x)
    options = {"epsilon": epsilon, "is_training": False}

    def in_four_axes(x):
        return tf.reshape(x, _four_sizes(shape, len(shape) - 1, True))

    def forward(x, gamma, beta, mean, variance):
        y = tf.raw_ops.FusedBatchNormV3(
            x=in_four_axes(x), scale=gamma, offset=beta, mean=mean, variance=variance, **options
        )[0]
        return (tf.reshape(y, shape),)

    def gradient(upstream, _, x, gamma, beta, mean, variance):
        by_x, by_gamma, by_beta = tf.raw_ops.FusedBatchNormGradV3(
            y_backprop=in_four_axes(upstream),
            x=in_four_axes(x),
            scale=gamma,
            reserve_space_1=mean,
            reserve_space_2=variance,
            reserve_space_3=[],
            **options,
        )[:3]
        factor = gamma * tf.math.rsqrt(variance + epsilon)
        by_variance = -gamma * by_gamma / (2 * (variance + epsilon))
        return tf.reshape(by_x, shape), by_gamma, by_beta, -by_beta * factor, by_variance

    return own_gradient(forward, gradient, plain)(x, gamma, beta, mean, variance)[0]


def _four_sizes(shape, axis, channels_last):
    if not channels_last:
        return [math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :]), 1]
    return [shape[0], 1, math.prod(shape[1:]) // shape[axis], shape[axis]]
