"""Batch normalization: Keras' layer, with masks, empty batches and half precision made right."""

import math

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._register import register
from kerasreg._statistics._moments import aligned_mask, mask_axes, moments
from kerasreg.layers.norm._batch_normalized import (
    normalized_at_inference,
    normalized_by_kernel,
    normalized_with,
)
from kerasreg.layers.norm._renorm_correction import checked_clipping, correction


@register
class BatchNormalization(keras.layers.BatchNormalization):
    """Batch normalization, with batch renormalization as an option.

    In training each channel is normalized with the mean and the variance of its m elements in
    the batch, `y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`, and the moving
    statistics follow, `moving = momentum * moving + (1 - momentum) * batch`. At inference, and
    with `trainable = False`, the moving statistics stand in for those of the batch.

    With `renorm=True` training uses `(x - mean) / stddev * r + d`, where `r` and `d` lead from the
    batch's statistics to moving ones; no gradient flows through them.

    A drop-in for `keras.layers.BatchNormalization`: same arguments, same weights, files of
    either load into the other. What differs from it:

    - A mask is right on any `axis`, of any rank up to that of the input less one, and under
      `synchronized=True`.
    - A batch without elements (no rows, or all masked) leaves the moving statistics as they are
      and is normalized with them.
    - Inputs are not rounded to half precision before the statistics, which are in float32 at least.
    - Derivatives of every order are right on TensorFlow, where Keras takes the mean as a constant.
    - On TensorFlow training runs in its fused kernel (that of cuDNN on a GPU); for small data and
      under XLA it has a gradient in closed form.

    Differs from the paper in the moving variance unless `unbiased_variance=True`: Keras 3 keeps the
    biased one, the paper (Algorithm 2, step 10), PyTorch and the fused layer of Keras 2 the
    unbiased. The paper leaves open how inference statistics are averaged; here it is a moving
    average. Of batch renormalization, where `rmin` is not given, it is 0 and not 1 / `rmax`.

    Args:
        axis: The axis of the channels, an integer. Use 1 for channels first. Defaults to -1.
        momentum: Share of the old value in a moving statistic, between 0 and 1. Defaults to 0.99.
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
        renorm: Whether to use batch renormalization. Defaults to False.
        renorm_clipping: Bounds of the correction, a dict with any of "rmin" and "rmax" (for `r`)
            and "dmax" (for `-d` and `d`), of floats of at least 0. Defaults to None: no bounds.
        renorm_momentum: Momentum of the moving statistics that `r` and `d` are taken from, between
            0 and 1. Defaults to 0.99.
        synchronized: Whether the replicas of a TensorFlow distribution strategy normalize with
            the statistics of all of them together. Defaults to False.
        unbiased_variance: Whether the moving variance follows the unbiased variance of the
            batch, m / (m - 1) times the biased one. The batch itself is always normalized with the
            biased one. With m = 1 there is no unbiased one and the biased one is used.
            Defaults to False.
        **kwargs: Arguments of every Keras layer, such as `name` and `dtype`.

    Call arguments:
        inputs: A float tensor.
        training: Whether to normalize with the batch's statistics and move the moving ones.
        mask: Booleans, False for the elements that the statistics leave out (they are normalized
            all the same; through infinity or NaN among them no gradient flows). Its axes are those
            of the input in their order, without the channels: a mask of shape (batch, time) masks
            time steps whether the input is (batch, time, channels) with `axis=-1` or (batch,
            channels, time) with `axis=1`. Size 1 stands for any size, and a mask of lower rank
            holds for all later axes. Only a mask that cannot be read so is taken for the input's
            shape without its last axis, as `keras.layers.Masking` makes it for channels first; a
            channel that it masks whole is not normalized.

    Input shape:
        Any, of rank 2 or more, with the size of `axis` known.

    Output shape:
        The input shape.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range, the input has no such axis or does not
            tell its size, or a mask does not fit.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.BatchNormalization(momentum=0.0, unbiased_variance=True)
        >>> y = layer(keras.ops.array([[1.0], [2.0], [3.0], [4.0]]), training=True)
        >>> round(float(layer.moving_variance[0]), 4)
        1.6667

    Reference:
        Ioffe, Szegedy 2015, Batch Normalization: Accelerating Deep Network Training by Reducing
        Internal Covariate Shift, arXiv:1502.03167. Ioffe 2017, Batch Renormalization: Towards
        Reducing Minibatch Dependence in Batch-Normalized Models, arXiv:1702.03275.
    """

    def __init__(
        self,
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
        renorm=False,
        renorm_clipping=None,
        renorm_momentum=0.99,
        synchronized=False,
        *,
        unbiased_variance=False,
        **kwargs,
    ):
        renorm_clipping = checked_clipping(renorm_clipping, self)
        super().__init__(
            axis=_checks.whole("axis", axis, self, low=None),
            momentum=_checks.fraction("momentum", momentum, self),
            epsilon=_checks.positive("epsilon", epsilon, self),
            center=_checks.boolean("center", center, self),
            scale=_checks.boolean("scale", scale, self),
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            moving_mean_initializer=moving_mean_initializer,
            moving_variance_initializer=moving_variance_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
            renorm=_checks.boolean("renorm", renorm, self),
            renorm_momentum=_checks.fraction("renorm_momentum", renorm_momentum, self),
            synchronized=_checked_synchronized(synchronized, self),
            **kwargs,
        )
        # Keras turns None into {}.
        self.renorm_clipping = renorm_clipping
        self.unbiased_variance = _checks.boolean("unbiased_variance", unbiased_variance, self)
        # Float16 ends at 65504: inputs keep their precision until the statistics are known.
        self.autocast = False

    def build(self, input_shape):
        self._check_shape(input_shape)
        super().build(input_shape)

    def compute_output_shape(self, input_shape):
        self._check_shape(input_shape)
        return input_shape

    def compute_output_spec(self, inputs, training=None, mask=None):
        if mask is not None:
            mask_axes(mask.shape, inputs.shape, self.axis % len(inputs.shape), self)
        return super().compute_output_spec(inputs)

    def call(self, inputs, training=None, mask=None):
        axis = self.axis % len(inputs.shape)
        wide = keras.backend.result_type(self.compute_dtype, "float32")
        if mask is not None:
            mask = aligned_mask(mask, inputs.shape, axis, self)
        gamma, beta, *moving = (
            None if value is None else ops.cast(value, wide)
            for value in (self.gamma, self.beta, self.moving_mean, self.moving_variance)
        )
        dtype = keras.backend.standardize_dtype(inputs.dtype)
        # Data in half precision are read as they are where so are the results.
        x = inputs if dtype == self.compute_dtype else ops.cast(inputs, wide)
        if training and self.trainable:
            outputs = self._by_batch(x, gamma, beta, moving, axis, mask, wide)
        else:
            mean, variance = moving
            outputs = normalized_at_inference(x, mean, variance, gamma, beta, axis, self.epsilon)
        return ops.cast(outputs, self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "unbiased_variance": self.unbiased_variance}

    def _check_shape(self, shape):
        if len(shape) < 2:
            _checks.refuse("input_shape", tuple(shape), self, "a shape of rank 2 or more")
        if not -len(shape) <= self.axis < len(shape):
            expected = f"an axis of the input, whose shape is {tuple(shape)}"
            _checks.refuse("axis", self.axis, self, expected)
        if shape[self.axis] is None:
            expected = f"an axis whose size is known, of the input's shape {tuple(shape)}"
            _checks.refuse("axis", self.axis, self, expected)

    def _by_batch(self, x, gamma, beta, moving, axis, mask, wide):
        """Returns the normalized inputs, and moves the moving statistics."""
        never_empty = mask is None and all(x.shape)
        if mask is None and not self.renorm and not self.synchronized:
            found = normalized_by_kernel(x, gamma, beta, axis, self.epsilon)
            if found is not None:
                outputs, batch = found
                self._follow(batch, never_empty)
                return outputs
        batch = moments(ops.cast(x, wide), axis, mask, synchronized=self.synchronized)
        if self.renorm:
            gamma, beta = self._renormalized(batch, gamma, beta)
        self._follow(batch, never_empty)
        return normalized_with(
            batch,
            x,
            gamma,
            beta,
            axis,
            self.epsilon,
            mask,
            synchronized=self.synchronized,
            moving=moving,
        )

    def _renormalized(self, batch, gamma, beta):
        """Returns `gamma` and `beta` with the correction by `r` and `d` in them."""
        stddev = ops.sqrt(batch.variance + self.epsilon)
        moving_mean = ops.cast(self.renorm_mean, stddev.dtype)
        moving_stddev = ops.cast(self.renorm_stddev, stddev.dtype)
        # As Keras does: a moving deviation that starts at 0 would be divided by.
        moving_stddev = ops.maximum(moving_stddev, math.sqrt(self.epsilon))
        r, d = correction(batch.mean, stddev, moving_mean, moving_stddev, self.renorm_clipping)
        r = ops.stop_gradient(ops.where(batch.count > 0, r, 1))
        d = ops.stop_gradient(ops.where(batch.count > 0, d, 0))
        if gamma is not None:
            r, d = r * gamma, d * gamma
        return r, d if beta is None else d + beta

    def _follow(self, batch, never_empty):
        """Moves every moving statistic towards the batch's."""
        variance = batch.variance
        if self.unbiased_variance:
            variance = variance * batch.count / ops.maximum(batch.count - 1, 1)

        def move(variable, value, momentum):
            old = ops.cast(variable, value.dtype)
            new = old * momentum + value * (1 - momentum)
            new = new if never_empty else ops.where(batch.count > 0, new, old)
            variable.assign(new)
            return new

        move(self.moving_mean, batch.mean, self.momentum)
        if not self.renorm:
            move(self.moving_variance, variance, self.momentum)
            return
        stddev = ops.sqrt(batch.variance + self.epsilon)
        move(self.renorm_mean, batch.mean, self.renorm_momentum)
        move(self.renorm_stddev, stddev, self.renorm_momentum)
        # The deviation is what Algorithm 1 of the renorm paper averages, not the variance.
        stddev = move(self.moving_stddev, ops.sqrt(variance + self.epsilon), self.momentum)
        move(self.moving_variance, ops.relu(ops.square(stddev) - self.epsilon), 0.0)


def _checked_synchronized(synchronized, owner):
    if _checks.boolean("synchronized", synchronized, owner) and (
        keras.config.backend() != "tensorflow"
    ):
        expected = "False: only the TensorFlow backend has replicas to synchronize"
        _checks.refuse("synchronized", synchronized, owner, expected)
    return synchronized
