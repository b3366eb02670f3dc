"""Ghost batch normalization."""

import math

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._register import register
from kerasreg._statistics._channels import of_channels
from kerasreg._statistics._masked_values import put_back, taken_out
from kerasreg._statistics._moments import aligned_mask
from kerasreg.layers.norm.batch_normalization import BatchNormalization

_NOT_HERE = ("renorm", "renorm_clipping", "renorm_momentum", "synchronized")


@register
class GhostBatchNormalization(BatchNormalization):
    """Ghost batch normalization: large batches, with the statistics of small ones.

    In training the batch is cut, in its order, into ghost batches, and each is normalized with its
    own mean and variance as `kerasreg.layers.BatchNormalization` would on its own: large batches
    keep the noise of small ones, which regularizes. At inference, and with `trainable = False`, it
    is that layer.

    A batch of n examples has n // virtual_batch_size ghost batches, at least one. Where n is not a
    multiple their sizes differ by one at most, so that none is smaller than `virtual_batch_size`
    (unless the batch is): 10 examples by 4 are two ghost batches of 5.

    The moving statistics follow each ghost batch in turn, `moving = momentum * moving +
    (1 - momentum) * ghost`: a step with k ghost batches moves them as k steps of small batches do.
    Ghost batches without elements (all masked) do not count, and are normalized with the moving
    statistics.

    Differs from the paper in keeping a moving variance, where the paper averages the standard
    deviation, and in the update, whose printed exponents do not make the weights sum to one; here
    they do. On several replicas each cuts its own share of the batch.

    Args:
        virtual_batch_size: Examples in a ghost batch, 1 or more.
        axis: The axis of the channels, an integer. Use 1 for channels first. Defaults to -1.
        momentum: Share of the old value in a moving statistic, per ghost batch, between 0 and 1.
            Defaults to 0.99.
        epsilon: What is added to the variance, a float above 0. Defaults to 0.001.
        center: Whether to add `beta`. Defaults to True.
        scale: Whether to multiply by `gamma`. Defaults to True.
        beta_initializer: Initializer of `beta`. Defaults to "zeros".
        gamma_initializer: Initializer of `gamma`. Defaults to "ones".
        moving_mean_initializer: Initializer of the moving mean. Defaults to "zeros".
        moving_variance_initializer: Initializer of the moving variance. Defaults to "ones".
        beta_regularizer: Penalty on `beta`. Defaults to None.
        gamma_regularizer: Penalty on `gamma`. Defaults to None.
        beta_constraint: Constraint of `beta`. Defaults to None.
        gamma_constraint: Constraint of `gamma`. Defaults to None.
        unbiased_variance: Whether the moving variance follows the unbiased variances of the ghost
            batches. Defaults to False.
        **kwargs: Arguments of every Keras layer, such as `name` and `dtype`.

    Call arguments:
        inputs: A float tensor.
        training: Whether to normalize with the ghost batches' statistics and move the moving ones.
        mask: Booleans, False for the elements that the statistics leave out (they are normalized
            all the same), as for `kerasreg.layers.BatchNormalization`.

    Input shape:
        Any, of rank 2 or more, with the size of `axis` known; `axis` is not the first.

    Output shape:
        The input shape.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range, the input has no such axis or does not
            tell its size, or a mask does not fit.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.GhostBatchNormalization(2, epsilon=1e-7)
        >>> y = layer(keras.ops.array([[1.0], [3.0], [10.0], [30.0]]), training=True)
        >>> [round(float(value), 3) for value in y[:, 0]]
        [-1.0, 1.0, -1.0, 1.0]

    Reference:
        Hoffer, Hubara, Soudry 2017, Train longer, generalize better: closing the generalization
        gap in large batch training of neural networks, NeurIPS, arXiv:1705.08741.
    """

    def __init__(
        self,
        virtual_batch_size,
        *,
        axis=-1,
        momentum=0.99,
        epsilon=1e-3,
        center=True,
        scale=True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        moving_mean_initializer="zeros",
        moving_variance_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_constraint=None,
        gamma_constraint=None,
        unbiased_variance=False,
        **kwargs,
    ):
        for name in _NOT_HERE:
            if name in kwargs:
                expected = "no such argument: it is one of kerasreg.layers.BatchNormalization only"
                _checks.refuse(name, kwargs[name], self, expected, error=TypeError)
        super().__init__(
            axis=axis,
            momentum=momentum,
            epsilon=epsilon,
            center=center,
            scale=scale,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            moving_mean_initializer=moving_mean_initializer,
            moving_variance_initializer=moving_variance_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
            unbiased_variance=unbiased_variance,
            **kwargs,
        )
        size = _checks.whole("virtual_batch_size", virtual_batch_size, self, low=1)
        self.virtual_batch_size = size

    def build(self, input_shape):
        if len(input_shape) > 1 and self.axis in (0, -len(input_shape)):
            _checks.refuse("axis", self.axis, self, "another axis than that of the batch")
        super().build(input_shape)

    def call(self, inputs, training=None, mask=None):
        if not (training and self.trainable):
            return super().call(inputs, training=False, mask=mask)
        axis = self.axis % len(inputs.shape)
        x = ops.cast(inputs, keras.backend.result_type(self.compute_dtype, "float32"))
        if mask is not None:
            mask = aligned_mask(mask, inputs.shape, axis, self)
            x, removed = taken_out(x, mask)
        gamma, beta, *moving = (
            None if value is None else ops.cast(value, x.dtype)
            for value in (self.gamma, self.beta, self.moving_mean, self.moving_variance)
        )
        ghosts = ghost_batches(ops.shape(x)[0], self.virtual_batch_size)
        deviation, mean, variance, count = ghost_moments(x, axis, ghosts, moving, mask)
        self._follow_ghosts(mean, variance, count, moving)
        factor = ops.rsqrt(variance + self.epsilon)
        if gamma is not None:
            factor = factor * gamma
        outputs = deviation * _of_examples(factor, ghosts, axis, x)
        if beta is not None:
            outputs = outputs + of_channels(beta, axis, len(x.shape))
        if mask is not None:
            outputs = put_back(outputs, removed, gamma, axis)
        return ops.cast(outputs, self.compute_dtype)

    def get_config(self):
        config = {**super().get_config(), "virtual_batch_size": self.virtual_batch_size}
        return {name: value for name, value in config.items() if name not in _NOT_HERE}

    def _follow_ghosts(self, mean, variance, count, moving):
        if self.unbiased_variance:
            variance = variance * ops.maximum(count, 1) / ops.maximum(count - 1, 1)
        variables = (self.moving_mean, self.moving_variance)
        for variable, old, values in zip(variables, moving, (mean, variance), strict=True):
            variable.assign(moved(old, values, count > 0, self.momentum))


def ghost_batches(examples, size: int):
    """Returns the number of ghost batches, and the number of the one that each example is in.

    Args:
        examples: The number of examples, an integer or a scalar tensor.
        size: The fewest examples in a ghost batch, where there are as many.
    """
    if isinstance(examples, int):
        ghosts = max(examples // size, 1)
        fewest = max(examples // ghosts, 1)
    else:
        ghosts = ops.maximum(examples // size, 1)
        fewest = ops.maximum(examples // ghosts, 1)
    # The first ones, as many as remain, have an example more. No product: it could pass 2**31.
    remain, place = examples % ghosts, ops.arange(examples, dtype="int32")
    return ghosts, ops.maximum(place // (fewest + 1), (place - remain) // fewest)


def ghost_moments(x, axis: int, ghosts, moving, mask=None):
    """Returns the deviations from the ghost batches' means, and these batches' moments.

    Two passes: the differences from the mean are squared, never the values, so that a large mean
    does not cancel a small variance. Sums go by example first: a ghost batch is then a few rows.

    Args:
        x: Data in float32 or float64.
        axis: The channels' axis, not negative and not 0.
        ghosts: See `ghost_batches`.
        moving: The mean and the variance for ghost batches without elements.
        mask: None, or booleans that broadcast against `x`.

    Returns:
        The deviations, of the shape of `x`; the mean, the biased variance and the number of
        elements, of the shape (ghost batches, channels), the last one also (ghost batches, 1).
    """
    axes = [i for i in range(1, x.ndim) if i != axis]
    number, numbers = ghosts

    def of_ghosts(rows):
        return ops.segment_sum(rows, numbers, num_segments=number)

    def total(values):
        if mask is not None:
            values = ops.where(mask, values, 0)
        return of_ghosts(ops.sum(values, axis=axes))

    if mask is None:
        sizes = ops.shape(x)
        count = of_ghosts(ops.ones((sizes[0], 1), x.dtype))
        count = count * ops.cast(math.prod(sizes[i] for i in axes), x.dtype)
    else:
        count = total(ops.ones_like(x))
    divisor = ops.maximum(count, 1)
    mean = ops.where(count > 0, total(x) / divisor, moving[0])
    deviation = x - _of_examples(mean, ghosts, axis, x)
    variance = ops.where(count > 0, total(ops.square(deviation)) / divisor, moving[1])
    return deviation, mean, variance, count


def moved(old, values, counts, momentum: float):
    """Returns a moving statistic after it has followed some values, one after the other.

    Args:
        old: The statistic, a vector.
        values: The values, one for each row.
        counts: Booleans that broadcast to their shape: whether to follow the value.
        momentum: Share of the old value at each of them.
    """
    counts = ops.cast(counts, old.dtype)
    number = ops.sum(counts, axis=0)
    later = number - ops.cumsum(counts, axis=0)
    momentum, rest = (ops.convert_to_tensor(m, old.dtype) for m in (momentum, 1 - momentum))
    weights = rest * ops.power(momentum, later) * counts
    return ops.power(momentum, number) * old + ops.sum(weights * values, axis=0)


def _of_examples(values, ghosts, axis, x):
    """Returns one value for each ghost batch and channel as one for each example and channel."""
    sizes = ops.shape(x)
    shape = [sizes[i] if i in (0, axis) else 1 for i in range(x.ndim)]
    return ops.reshape(ops.take(values, ghosts[1], axis=0), shape)
