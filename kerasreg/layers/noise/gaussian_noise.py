"""Gaussian noise."""

import keras
from keras import ops

from kerasreg import _backend, _checks, _random
from kerasreg._register import register
from kerasreg.layers._working_dtype import working_dtype
from kerasreg.schedules._strength import saved_strength, strength, strength_at


@register
class GaussianNoise(keras.layers.GaussianNoise):
    """Gaussian noise, added to the inputs.

    In training, `y = x + stddev * n` with n standard normal, drawn for each input; with
    `relative=True`, `y = x + stddev * s * n`, s the standard deviation of all elements of the
    batch's inputs, so that one `stddev` fits inputs of any scale. Outside training, `y = x`. The
    gradient is that of the identity: none flows through s.
    Drop-in for `keras.layers.GaussianNoise`; what differs: `stddev` may be above 1 or follow a
    schedule, nothing is stored for the gradient, the noise is the same for one seed (to float32
    rounding) in eager calls, graphs and XLA, it differs between replicas, and its state is
    saved with the model. Noise is computed in float32 and reaches 6.3 standard deviations.

    Differs from the first paper in no way that we know of. `relative=True` is the noise of the
    second paper, which goes on to learn `stddev`; here it is given.

    Args:
        stddev: Standard deviation of the noise, at least 0: in the unit of the inputs, or with
            `relative=True` as a multiple of their standard deviation. A
            `kerasreg.schedules.Schedule` of the layer's training calls is also accepted.
        seed: An integer for reproducible noise, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        relative: Whether `stddev` is relative to the standard deviation of the inputs. Under
            data parallelism that of each replica's inputs. Defaults to False.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of any rank.
        training: Whether to add noise. Defaults to False; `fit` passes True.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        TypeError: If an argument is of the wrong kind, or the input is not of floating-point
            numbers.
        ValueError: If `stddev` is negative or not finite.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.GaussianNoise(2.0, seed=0)
        >>> y = layer(keras.ops.zeros((100, 100)), training=True)
        >>> round(float(keras.ops.std(y)), 1)
        2.0

    Reference:
        Bishop 1995, Training with Noise is Equivalent to Tikhonov Regularization, Neural
        Computation 7(1). Relative: He, Rakin, Fan 2019, Parametric Noise Injection: Trainable
        Randomness to Improve Deep Neural Network Robustness Against Adversarial Attack, CVPR,
        arXiv:1811.09310.
    """

    def __init__(self, stddev, seed=None, *, relative=False, **kwargs):
        # Past Keras' own __init__, which refuses more than 1 and makes no generator at 0.
        super(keras.layers.GaussianNoise, self).__init__(**kwargs)
        self.stddev = strength("stddev", stddev, self, _non_negative)
        self.relative = _checks.boolean("relative", relative, self)
        self.seed = seed
        self.seed_generator = _random.seed_generator(seed, self)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs, training=False):
        if not training or self.stddev == 0:
            return inputs
        dtype = working_dtype(inputs, self)
        key, step = _random.next_key(self.seed_generator, self)
        stddev = strength_at(self.stddev, step)
        stddev = ops.convert_to_tensor(stddev, dtype)
        if self.relative:
            stddev = stddev * ops.std(ops.cast(ops.stop_gradient(inputs), dtype))
        return add_noise(inputs, key, stddev)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "stddev": saved_strength(self.stddev),
            "seed": _random.seed_config(self.seed),
            "relative": self.relative,
        }

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


def _non_negative(name, value, owner):
    return _checks.number(name, value, owner, low=0)


def apply(x, noise, stddev):
    """Returns `x + stddev * noise` in the dtype of `x`, computed in that of `stddev`."""
    return ops.cast(ops.cast(x, stddev.dtype) + stddev * ops.cast(noise, stddev.dtype), x.dtype)


def _drawn(x, key, stddev):
    return apply(x, _random.normal(_random.words(key, ops.shape(x))), stddev)


def _passed_on(dy, key, stddev):
    return dy


add_noise = _backend.fused(_drawn, _passed_on)
