"""Stochastic depth."""

import keras
from keras import ops

from kerasreg import _checks, _random
from kerasreg._register import register
from kerasreg.layers._working_dtype import working_dtype
from kerasreg.layers.depth._other_names import refuse_other_names
from kerasreg.layers.depth._two_branches import merged_mask, merged_shape
from kerasreg.layers.depth._unit import BATCH_OR_SAMPLE, noise_shape
from kerasreg.layers.dropout.dropout import drop, kept_scale
from kerasreg.schedules._strength import saved_strength, strength, strength_at

_BRANCHES = "[shortcut, residual]"


@register
class StochasticDepth(keras.layers.Layer):
    """Stochastic depth: residual branches are dropped at random.

    Takes the place of the addition at the end of a residual block, of a shortcut x and a
    residual f. With b = 0 at probability `rate`, else 1:

    | `scaling` | in training | outside training |
    |---|---|---|
    | "inference" | `x + b * f` | `x + (1 - rate) * f` |
    | "train" | `x + b * f / (1 - rate)` | `x + f` |

    "inference" is the form of the paper, of TensorFlow Addons and of KerasCV; "train" is the later
    one, of torchvision and timm. Their residuals differ in size: weights trained in one form
    need that form at inference, too. b is drawn once for the batch (`mode="batch"`) or for each
    sample (`mode="sample"`).

    Differs from the paper in its training time: there the dropped blocks are not computed, here
    their result is computed and thrown away, NaN and infinity included. An activation after the
    addition, as in the paper's ResNet, is a layer of its own.

    Args:
        rate: Fraction dropped, between 0 and 1: one minus the paper's survival probability. A
            `kerasreg.schedules.Schedule` of the layer's training calls is also accepted. Defaults
            to 0.5, as in KerasCV. For rates that grow with the depth, as in the paper, see
            `kerasreg.layers.linear_rates`.
        seed: An integer for a reproducible mask, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        mode: "batch" or "sample" (torchvision's "row"): what is dropped as one. Defaults to
            "batch", the paper's.
        scaling: "inference" or "train": when the residual is scaled. Defaults to "inference", the
            paper's.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: List of two tensors of one shape, the shortcut and the residual.
        training: Whether to drop. Defaults to False; `fit` passes True.

    Input shape:
        List of two equal shapes `(batch, ...)`.

    Output shape:
        That of either input.

    Raises:
        TypeError: If an argument is of the wrong kind, or the residual is not of floating-point
            numbers.
        ValueError: If `rate` is not between 0 and 1, or is given by another library's name, such as
            `survival_probability` (the share kept) or `p`; if `mode` or `scaling` is none of their
            forms; or if the inputs are not two tensors of one shape, of rank 1 or more.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.StochasticDepth(0.2, seed=0)
        >>> shortcut, residual = keras.ops.ones((1, 2)), keras.ops.full((1, 2), 5.0)
        >>> layer([shortcut, residual]).numpy()
        array([[5., 5.]], dtype=float32)

    Reference:
        Huang, Sun, Liu, Sedra, Weinberger 2016, Deep Networks with Stochastic Depth, ECCV,
        arXiv:1603.09382.
    """

    def __init__(self, rate=0.5, seed=None, *, mode="batch", scaling="inference", **kwargs):
        refuse_other_names(kwargs, self)
        super().__init__(**kwargs)
        self.rate = strength("rate", rate, self, _checks.fraction)
        self.seed = seed
        self.mode = _checks.choice("mode", mode, self, BATCH_OR_SAMPLE)
        self.scaling = _checks.choice("scaling", scaling, self, ("train", "inference"))
        self.seed_generator = _random.seed_generator(seed, self)
        self.supports_masking = True

    def build(self, input_shape):
        merged_shape(input_shape, self, _BRANCHES)

    def call(self, inputs, training=False):
        shortcut, residual = inputs
        dtype = working_dtype(residual, self)
        if not training:
            return shortcut + self._at_inference(residual, dtype)
        if self.rate == 0:
            return shortcut + residual
        key, step = _random.next_key(self.seed_generator, self)
        rate = strength_at(self.rate, step)
        scale = kept_scale(rate) if self.scaling == "train" else 1.0
        scale = ops.convert_to_tensor(scale, dtype)
        shape = noise_shape(self.mode, residual, self)
        return shortcut + drop(residual, key, _random.limit(rate), scale, noise_shape=shape)

    def _at_inference(self, residual, dtype):
        if self.scaling == "train":
            return residual
        rate = strength_at(self.rate, _random.last_step(self.seed_generator))
        # In bfloat16 the factor itself would be off by 0.1 %, the same way for all values.
        return ops.cast(ops.cast(residual, dtype) * ops.cast(1.0 - rate, dtype), residual.dtype)

    def compute_output_shape(self, input_shape):
        return merged_shape(input_shape, self, _BRANCHES)

    def compute_mask(self, inputs, previous_mask):
        return merged_mask(previous_mask)

    def get_config(self):
        return {
            **super().get_config(),
            "rate": saved_strength(self.rate),
            "seed": _random.seed_config(self.seed),
            "mode": self.mode,
            "scaling": self.scaling,
        }

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call
