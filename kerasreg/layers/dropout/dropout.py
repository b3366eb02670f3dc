"""Dropout."""

import keras
from keras import ops

from kerasreg import _backend, _checks, _random
from kerasreg._register import register
from kerasreg.layers._working_dtype import working_dtype
from kerasreg.layers.dropout._noise_shape import checked_noise_shape, refuse_misfit
from kerasreg.schedules._strength import saved_strength, strength, strength_at


@register
class Dropout(keras.layers.Dropout):
    """Dropout.

    In training, sets each input to zero with probability `rate`, independently, and multiplies the
    others by `1 / (1 - rate)`, so that the expectation is the input:
    `y = x * m / (1 - rate)`, m = 0 with probability `rate`, else 1. Outside training, `y = x`.
    Drop-in for `keras.layers.Dropout`; what differs: the share dropped is exact in every
    precision, the mask is the same for one seed in eager calls, graphs and XLA, it is not
    stored for the gradient, it differs between replicas, and its state is saved with the model.

    Differs from the 2012 and 2014 papers in scaling in training instead of at inference;
    `scaling="inference"` is their form: `y = x * m` in training, `y = x * (1 - rate)` outside.
    The papers state the probability of keeping a unit, `1 - rate`.

    Like Keras' own layer, it runs in `tf.data.Dataset.map` on the TensorFlow backend only, and not
    inside the cell of a `keras.layers.RNN` on JAX.

    Args:
        rate: Fraction dropped, between 0 and 1; 1 gives zeros. A `kerasreg.schedules.Schedule`
            of the layer's training calls is also accepted; layers that share a seed generator
            share the count of these calls. A number that is set later, `layer.rate = 0.2`, holds
            in eager calls at once, and in `fit` after the next `compile`: to change the rate in the
            course of training, use a schedule.
        noise_shape: Shape of the mask, which broadcasts to the input: `(None, 1, None)` drops a
            channel at all steps of a sequence at once. None stands for the input's own size.
            Defaults to None, a mask of the input's shape.
        seed: An integer for a reproducible mask, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        scaling: "train" or "inference": when kept values are scaled. Defaults to "train".
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of any rank.
        training: Whether to drop. Defaults to False; `fit` passes True.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `rate` is not between 0 and 1, or `noise_shape` is not made of positive
            integers and None or does not broadcast to the input, or `scaling` is neither form.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.Dropout(0.5, seed=0)
        >>> y = layer(keras.ops.ones((2, 3)), training=True)
        >>> sorted({float(value) for value in keras.ops.reshape(y, -1)})
        [0.0, 2.0]

    Reference:
        Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014, Dropout: A Simple Way to
        Prevent Neural Networks from Overfitting, JMLR 15. First form: Hinton et al. 2012,
        arXiv:1207.0580.
    """

    def __init__(self, rate, noise_shape=None, seed=None, *, scaling="train", **kwargs):
        # Past Keras' own __init__, which makes no seed generator at rate 0.
        super(keras.layers.Dropout, self).__init__(**kwargs)
        self.rate = strength("rate", rate, self, _checks.fraction)
        self.noise_shape = checked_noise_shape(noise_shape, self)
        self.seed = seed
        self.scaling = _checks.choice("scaling", scaling, self, ("train", "inference"))
        self.seed_generator = _random.seed_generator(seed, self)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs, training=False):
        refuse_misfit(self.noise_shape, inputs.shape, self, training=training)
        if not training:
            return self._at_inference(inputs)
        if self.rate == 0:
            return inputs
        key, step = _random.next_key(self.seed_generator, self)
        rate = strength_at(self.rate, step)
        scale = kept_scale(rate) if self.scaling == "train" else 1.0
        scale = ops.convert_to_tensor(scale, working_dtype(inputs, self))
        return drop(inputs, key, _random.limit(rate), scale, noise_shape=self.noise_shape)

    def _at_inference(self, inputs):
        if self.scaling == "train":
            return inputs
        rate = strength_at(self.rate, _random.last_step(self.seed_generator))
        dtype = working_dtype(inputs, self)
        kept = ops.cast(inputs, dtype) * ops.cast(1.0 - rate, dtype)
        return ops.cast(kept, inputs.dtype)

    def compute_output_shape(self, input_shape):
        refuse_misfit(self.noise_shape, input_shape, self)
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "rate": saved_strength(self.rate),
            "noise_shape": self.noise_shape,
            "seed": _random.seed_config(self.seed),
            "scaling": self.scaling,
        }

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


def kept_scale(rate):
    """Returns `1 / (1 - rate)`; at rate 1, where nothing is kept, any finite number."""
    if isinstance(rate, int | float):
        return 1.0 / (1.0 - rate) if rate < 1 else 0.0
    return 1.0 / ops.maximum(1.0 - rate, 2.0**-24)


def _dropped(x, key, limit, scale, *, noise_shape=None):
    words = _random.words(key, _random.noise_shape(x, noise_shape))
    kept = _backend.where_kept(words, limit, ops.cast(x, scale.dtype))
    return _backend.rounded(kept * scale, x.dtype)


drop = _backend.fused(_dropped)
