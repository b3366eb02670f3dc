"""Patch dropout: a sequence loses some of its tokens."""

import keras
from keras import ops

from kerasreg import _checks, _random
from kerasreg._register import register
from kerasreg.layers.dropout._with_mask import with_mask
from kerasreg.schedules import Schedule

# Shares of tokens are counted in integers, so that sizes known and unknown round alike.
_ONE = 2**20


@register
class PatchDropout(keras.layers.Layer):
    """Patch dropout: a vision transformer is trained on some of the tokens.

    In training, a share `rate` of the tokens of each example is taken out, chosen anew for each
    example, and the sequence becomes shorter: of n tokens behind the class tokens,
    `n - round(rate * n)` stay, but no less than one. Time and memory of the layers that follow
    shrink with it, those of attention with its square. Values are not scaled. Outside training all
    tokens stay. Add position embeddings before this layer: afterwards a token's place is lost.

    As the number of tokens depends on `training`, Keras is told that it is unknown: a layer that
    needs it, such as `Flatten` before `Dense`, says so when the model is made, and one that does
    not, such as attention or `GlobalAveragePooling1D`, is at home. The rate is a number: under a
    schedule each step would have another shape, and be compiled anew.

    Differs from the paper's code in rounding to the nearest number of tokens instead of down.

    Args:
        rate: Fraction of the tokens dropped, between 0 and 1.
        seed: An integer for a reproducible choice, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        class_tokens: Number of leading tokens that always stay, such as a class token. Defaults
            to 1.
        ordered: Whether tokens stay in order. Defaults to True; False, a random order, spares a
            sort.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of rank 3.
        mask: Booleans of shape `(batch, tokens)`, or None. The tokens that stay keep theirs.
        training: Whether to drop. Defaults to False; `fit` passes True.

    Input shape:
        `(batch, tokens, features)`.

    Output shape:
        `(batch, fewer tokens, features)` in training, else that of the input.

    Raises:
        TypeError: If an argument is of the wrong kind: a schedule is.
        ValueError: If `rate` is not between 0 and 1, `class_tokens` is negative, or the input has
            another rank or no tokens but class tokens.

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.PatchDropout(0.5, seed=0)
        >>> x = keras.ops.reshape(keras.ops.arange(9.0), (1, 9, 1))
        >>> keras.ops.reshape(layer(x, training=True), -1).shape
        TensorShape([5])

    Reference:
        Liu, Matsoukas, Strand, Azizpour, Smith 2022, PatchDropout: Economizing Vision Transformers
        Using Patch Dropout, arXiv:2208.07220.
    """

    def __init__(self, rate, seed=None, *, class_tokens=1, ordered=True, **kwargs):
        super().__init__(**kwargs)
        if isinstance(rate, Schedule):
            fix = "A schedule would change the shape of the output from step to step."
            _checks.refuse("rate", rate, self, "a float value", fix=fix, error=TypeError)
        self.rate = _checks.fraction("rate", rate, self)
        self.seed = seed
        self.seed_generator = _random.seed_generator(seed, self)
        self.class_tokens = _checks.whole("class_tokens", class_tokens, self)
        self.ordered = _checks.boolean("ordered", ordered, self)
        self.supports_masking = True

    def build(self, input_shape):
        _checks.rank("input_shape", input_shape, self, 3)
        tokens = input_shape[1]
        if tokens is not None and tokens <= self.class_tokens:
            expected = f"more tokens than the {self.class_tokens} that always stay"
            _checks.refuse("input_shape", tuple(input_shape), self, expected)

    def call(self, inputs, mask=None, training=False):
        if not training or self.rate == 0:
            return inputs
        key, _ = _random.next_key(self.seed_generator, self)
        batch, tokens, _ = ops.shape(inputs)
        patches = tokens - self.class_tokens
        words = _random.words(key, (batch, patches))
        chosen = choose(words, kept_patches(patches, self.rate), ordered=self.ordered)
        places = _behind_class_tokens(chosen, self.class_tokens)
        outputs = ops.take_along_axis(inputs, ops.expand_dims(places, -1), axis=1)
        return with_mask(outputs, None if mask is None else ops.take_along_axis(mask, places, 1))

    def compute_mask(self, inputs, previous_mask):
        # A functional model would hand its symbolic mask, of all tokens, on to the layers behind.
        # Without one they take the mask that their input has at run time.
        if self.rate > 0 and isinstance(previous_mask, keras.KerasTensor):
            return None
        return previous_mask

    def compute_output_shape(self, input_shape):
        if self.rate == 0:
            return input_shape
        return (input_shape[0], None, input_shape[2])

    def get_config(self):
        return {
            **super().get_config(),
            "rate": self.rate,
            "seed": _random.seed_config(self.seed),
            "class_tokens": self.class_tokens,
            "ordered": self.ordered,
        }

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


def kept_patches(patches, rate):
    """Returns `patches - round(rate * patches)`, at least 1, for a number or a scalar tensor."""
    if not isinstance(patches, int):
        patches = ops.cast(patches, "int64")
    dropped = (patches * round(rate * _ONE) + _ONE // 2) // _ONE
    kept = patches - dropped
    return max(kept, 1) if isinstance(kept, int) else ops.cast(ops.maximum(kept, 1), "int32")


def choose(words, kept, *, ordered):
    """Returns the places of the `kept` smallest words of each row, as int32.

    Args:
        words: Random words of shape (batch, patches).
        kept: Number of places.
        ordered: Whether places come in increasing order, else in that of their words.
    """
    values = ops.cast(ops.right_shift(words, 1), "int32")
    places = ops.cast(ops.argsort(values, axis=1)[:, :kept], "int32")
    return ops.sort(places, axis=1) if ordered else places


def _behind_class_tokens(chosen, class_tokens):
    if class_tokens == 0:
        return chosen
    first = ops.broadcast_to(
        ops.arange(class_tokens, dtype="int32"), (ops.shape(chosen)[0], class_tokens)
    )
    return ops.concatenate([first, chosen + class_tokens], axis=1)
