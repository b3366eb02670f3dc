"""Data normalized with the statistics of their own batch, and the gradient of that."""

from keras import ops

from kerasreg._backend.fused_batch_norm import (
    fused_batch_norm,
    fused_inference,
    kernel_fits,
)
from kerasreg._backend.own_gradient import own_gradient
from kerasreg._backend.replica_sum import replica_sum
from kerasreg._backend.under_xla import under_xla
from kerasreg._statistics._channel_sum import channel_sum
from kerasreg._statistics._channels import of_channels
from kerasreg._statistics._masked_values import put_back, taken_out
from kerasreg._statistics._moments import Moments, element_count, moments


def normalize(x, mean, variance, gamma, beta, axis: int, epsilon: float):
    """Returns `gamma * (x - mean) / sqrt(variance + epsilon) + beta`, channel by channel.

    Args:
        x: The data.
        mean: One value for each channel, as `variance`, `gamma` (or None) and `beta` (or None).
        variance: See `mean`.
        gamma: See `mean`.
        beta: See `mean`.
        axis: The channels' axis, not negative.
        epsilon: What is added to the variance.
    """
    factor = ops.rsqrt(variance + epsilon)
    if gamma is not None:
        factor = factor * gamma
    rank = len(x.shape)
    # Subtracting first keeps the digits that a large mean would cost x * factor - mean * factor.
    outputs = (x - of_channels(mean, axis, rank)) * of_channels(factor, axis, rank)
    return outputs if beta is None else outputs + of_channels(beta, axis, rank)


def normalized_at_inference(x, mean, variance, gamma, beta, axis: int, epsilon: float):
    """Returns what `normalize` does, in one kernel where that is faster, in the dtype of `x` there.

    Args:
        x: The data.
        mean: See `normalize`, as all that follows.
        variance: See `normalize`.
        gamma: See `normalize`.
        beta: See `normalize`.
        axis: See `normalize`.
        epsilon: See `normalize`.
    """
    if axis != len(x.shape) - 1 or not kernel_fits(x):
        wide = ops.cast(x, mean.dtype)
        return normalize(wide, mean, variance, gamma, beta, axis, epsilon)
    gamma = ops.ones_like(mean) if gamma is None else gamma
    beta = ops.zeros_like(mean) if beta is None else beta

    def plain(x, gamma, beta, mean, variance):
        wide = ops.cast(x, mean.dtype)
        return ops.cast(normalize(wide, mean, variance, gamma, beta, axis, epsilon), x.dtype)

    return fused_inference(x, gamma, beta, mean, variance, epsilon, plain)


def normalized_by_kernel(x, gamma, beta, axis: int, epsilon: float):
    """Returns the normalized data and their `Moments`; None where the plain way is the better.

    Args:
        x: Data in any float dtype, all of which count.
        gamma: A factor for each channel, or None.
        beta: What is added to each channel, or None.
        axis: The channels' axis, not negative.
        epsilon: What is added to the variance.
    """
    if not kernel_fits(x):
        return None
    channels = x.shape[axis]
    gamma = ops.ones(channels) if gamma is None else gamma
    beta = ops.zeros(channels) if beta is None else beta

    def plain(x, gamma, beta):
        wide = ops.cast(x, gamma.dtype)
        mean, variance, _ = moments(wide, axis)
        return ops.cast(normalize(wide, mean, variance, gamma, beta, axis, epsilon), x.dtype)

    y, mean, variance = fused_batch_norm(x, gamma, beta, axis, epsilon, plain)
    count = element_count(x, axis, dtype=gamma.dtype)
    share = (count - 1) / ops.maximum(count, 1)
    return y, Moments(mean, ops.where(count > 1, variance * share, 0), count)


def normalized_with(batch, x, gamma, beta, axis, epsilon, mask=None, *, synchronized=False, moving):
    """Returns the normalized data, with a gradient that knows what the batch's statistics are of.

    Args:
        batch: The `Moments` of `x`.
        x: Data in any float dtype.
        gamma: A factor for each channel, or None, in the dtype of the result.
        beta: What is added to each channel, or None.
        axis: The channels' axis, not negative.
        epsilon: What is added to the variance.
        mask: None, or booleans that broadcast against `x`.
        synchronized: Whether the batch is that of all replicas together.
        moving: The mean and the variance to use where no element counts.
    """
    wide, channels = batch.mean.dtype, x.shape[axis]
    gamma = ops.ones(channels, wide) if gamma is None else gamma
    beta = ops.zeros(channels, wide) if beta is None else beta

    def along(values):
        return of_channels(values, axis, len(x.shape))

    def statistics(batch):
        if mask is None:
            return batch.mean, batch.variance
        is_empty = ops.max(batch.count) == 0
        return [ops.where(is_empty, *pair) for pair in zip(moving, batch[:2], strict=True)]

    def forward(x, gamma, beta):
        mean, variance = statistics(batch)
        return (normalize(ops.cast(x, wide), mean, variance, gamma, beta, axis, epsilon),)

    def gradient(upstream, _, x, gamma, beta):
        mean, variance = statistics(batch)
        inverse = ops.rsqrt(variance + epsilon)
        deviation = ops.cast(x, wide) - along(mean)
        if mask is not None:
            upstream, deviation = _without_removed(upstream, deviation, mask)
        by_beta = channel_sum(upstream, axis)
        by_gamma = channel_sum(upstream * deviation, axis) * inverse
        # What the mean and the variance of the batch take from the gradient.
        sums = [by_beta, by_gamma]
        if synchronized:
            sums = replica_sum(sums)
        by_mean, by_deviation = (total / ops.maximum(batch.count, 1) for total in sums)
        taken = along(by_mean) + deviation * along(by_deviation * inverse)
        if mask is not None:
            taken = ops.where(mask, taken, 0)
        by_x = (upstream - taken) * along(inverse * gamma)
        return ops.cast(by_x, x.dtype), by_gamma, by_beta

    def differentiable(x, gamma, beta, batch):
        mean, variance = statistics(batch)
        if mask is None:
            return normalize(x, mean, variance, gamma, beta, axis, epsilon)
        x, removed = taken_out(x, mask)
        outputs = normalize(x, mean, variance, gamma, beta, axis, epsilon)
        return put_back(outputs, removed, gamma, axis)

    def plain(x, gamma, beta):
        x = ops.cast(x, wide)
        batch = moments(x, axis, mask, synchronized=synchronized)
        return differentiable(x, gamma, beta, batch)

    def elsewhere(x, gamma, beta):
        return (differentiable(ops.cast(x, wide), gamma, beta, batch),)

    return own_gradient(forward, gradient, plain, elsewhere)(x, gamma, beta)[0]


def _without_removed(upstream, deviation, mask):
    """Returns both with 0 in the places from which `taken_out` takes something."""

    def removed():
        stays = ops.logical_or(mask, ops.isfinite(deviation))
        return ops.where(stays, upstream, 0), ops.where(stays, deviation, 0)

    # XLA does it in the loop that reads them; else, to look for them costs a third of replacing.
    if under_xla():
        return removed()
    is_finite = ops.all(ops.isfinite(deviation))
    return ops.cond(is_finite, lambda: (upstream, deviation), removed)
