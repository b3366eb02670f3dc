"""Drop path."""

import keras
from keras import ops

from kerasreg import _checks, _random
from kerasreg._register import register
from kerasreg.layers._working_dtype import working_dtype
from kerasreg.layers.depth._other_names import refuse_other_names
from kerasreg.layers.depth._unit import noise_shape
from kerasreg.layers.dropout.dropout import drop, kept_scale
from kerasreg.schedules._strength import saved_strength, strength, strength_at


@register
class DropPath(keras.layers.Layer):
    """Drop path: stochastic depth for each sample, on the residual branch alone.

    In training, each sample of the batch is set to zero as a whole with probability `rate`,
    independently, and the others are multiplied by `1 / (1 - rate)`: `y = x * b / (1 - rate)` with
    one b, 0 or 1, for all of a sample. Outside training, `y = x`. Place it at the end of a
    residual branch, before the addition: `x + DropPath(rate)(f(x))`. What a dropped branch has
    computed is thrown away, NaN and infinity included; no computation is saved.

    This is `StochasticDepth(rate, mode="sample", scaling="train")` without the addition.
    Differs from the paper on stochastic depth, which draws one b for the batch, and scales at
    inference; and from that on FractalNet, which gave drop path its name, where one of several
    joined paths always stays.

    Args:
        rate: Fraction of the samples dropped, between 0 and 1; 1 gives zeros. A
            `kerasreg.schedules.Schedule` of the layer's training calls is also accepted. Defaults
            to 0.5, as in KerasCV. For rates that grow with the depth, see
            `kerasreg.layers.linear_rates`.
        seed: An integer for a reproducible mask, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of rank 1 or more.
        training: Whether to drop. Defaults to False; `fit` passes True.

    Input shape:
        `(batch, ...)`.

    Output shape:
        That of the input.

    Raises:
        TypeError: If an argument is of the wrong kind, or the input is not of floating-point
            numbers.
        ValueError: If `rate` is not between 0 and 1, or is given by another library's name, such as
            `survival_probability` (the share kept) or `drop_prob`; or if the input is a scalar.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.DropPath(0.5, seed=1)
        >>> y = layer(keras.ops.ones((6, 2, 3)), training=True)
        >>> sorted({float(value) for value in keras.ops.reshape(keras.ops.sum(y, (1, 2)), -1)})
        [0.0, 12.0]

    Reference:
        Huang, Sun, Liu, Sedra, Weinberger 2016, Deep Networks with Stochastic Depth, ECCV,
        arXiv:1603.09382. The name: Larsson, Maire, Shakhnarovich 2017, FractalNet: Ultra-Deep
        Neural Networks without Residuals, ICLR, arXiv:1605.07648.
    """

    def __init__(self, rate=0.5, seed=None, **kwargs):
        refuse_other_names(kwargs, self)
        super().__init__(**kwargs)
        self.rate = strength("rate", rate, self, _checks.fraction)
        self.seed = seed
        self.seed_generator = _random.seed_generator(seed, self)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs, training=False):
        if not training or self.rate == 0:
            return inputs
        dtype = working_dtype(inputs, self)
        key, step = _random.next_key(self.seed_generator, self)
        rate = strength_at(self.rate, step)
        scale = ops.convert_to_tensor(kept_scale(rate), dtype)
        shape = noise_shape("sample", inputs, self)
        return drop(inputs, key, _random.limit(rate), scale, noise_shape=shape)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "rate": saved_strength(self.rate),
            "seed": _random.seed_config(self.seed),
        }

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call
