"""Embedding dropout: whole words are dropped."""

import keras
from keras import ops

from kerasreg import _backend, _checks, _random
from kerasreg._register import register
from kerasreg.layers._working_dtype import working_dtype
from kerasreg.layers._wrapped_layer import in_precision_of, wrapper_arguments
from kerasreg.layers.dropout.dropout import kept_scale
from kerasreg.schedules._strength import saved_strength, strength, strength_at


@register
class EmbeddingDropout(keras.layers.Wrapper):
    """Embedding dropout: whole words are dropped, at all their places.

    In training, the wrapped embedding layer computes with `E[w] * m[w] / (1 - rate)` in place of
    its rows `E[w]`, where `m[w]` is 0 with probability `rate`, else 1: one number per word of the
    vocabulary. A dropped word is a vector of zeros wherever it stands in the batch, where dropout
    after the embedding would take single numbers, or single places, of a word that is read
    elsewhere. Outside training, rows are as they are. The mask of a word is computed from its
    number: there is no masked copy of the matrix, and its gradient stays sparse.

    What is saved, penalized and counted is the plain matrix of the wrapped layer, which can be
    shared with others (a `keras.layers.ReversibleEmbedding` with the output layer, say) and taken
    from a trained model. Padding is masked as the wrapped layer does with `mask_zero=True`.

    No known difference from the papers: one mask for the batch is that of AWD-LSTM, and with
    `per_example=True` each example of the batch has a mask of its own, as Gal and Ghahramani
    have for each sequence.

    Args:
        layer: A `keras.layers.Embedding`.
        rate: Fraction of the words dropped, from 0 to below 1. A `kerasreg.schedules.Schedule` of
            the layer's training calls is also accepted.
        seed: An integer for a reproducible mask, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        per_example: Whether each example has its own mask. Defaults to False.
        **kwargs: Keyword arguments of `keras.layers.Layer`. `dtype` defaults to that of `layer`.

    Call arguments:
        inputs: Tensor of word numbers.
        training: Whether to drop. Defaults to False; `fit` passes True.

    Input shape:
        `(batch, ...)`.

    Output shape:
        `(batch, ..., layer.output_dim)`.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `rate` is not from 0 to below 1.

    Example:
        >>> import keras, kerasreg
        >>> embedding = keras.layers.Embedding(100, 2, embeddings_initializer="ones")
        >>> layer = kerasreg.layers.EmbeddingDropout(embedding, 0.5, seed=1)
        >>> y = layer(keras.ops.convert_to_tensor([[3, 7, 3, 4]]), training=True)
        >>> y[0, 0] == y[0, 2]
        <tf.Tensor: shape=(2,), dtype=bool, numpy=array([ True,  True])>

    Reference:
        Merity, Keskar, Socher 2017, Regularizing and Optimizing LSTM Language Models,
        arXiv:1708.02182. First form: Gal, Ghahramani 2016, A Theoretically Grounded Application of
        Dropout in Recurrent Neural Networks, arXiv:1512.05287.
    """

    def __init__(self, layer, rate, seed=None, *, per_example=False, **kwargs):
        expected = "a keras.layers.Embedding layer"
        _checks.instance("layer", layer, self, keras.layers.Embedding, expected)
        super().__init__(layer, **wrapper_arguments(layer, self, kwargs))
        self.rate = strength("rate", rate, self, _checks.fraction_below_one)
        self.seed = seed
        self.seed_generator = _random.seed_generator(seed, self)
        self.per_example = _checks.boolean("per_example", per_example, self)
        self.supports_masking = True

    def call(self, inputs, training=False):
        vectors = self.layer(inputs)
        if training and self.rate != 0:
            key, step = _random.next_key(self.seed_generator, self)
            rate = strength_at(self.rate, step)
            words = ops.cast(inputs, "int32")
            index = self._index(words) if self.per_example else words
            index = ops.cast(index, _backend.WORD_DTYPE)
            scale = ops.convert_to_tensor(kept_scale(rate), working_dtype(vectors, self))
            vectors = drop_words(vectors, key, index, _random.limit(rate), scale)
        return in_precision_of(self, vectors)

    def _index(self, words):
        # Of the element (example, word) in a matrix of masks.
        batch, *others = ops.shape(words)
        example = ops.reshape(ops.arange(batch, dtype="int32"), (batch, *[1] * len(others)))
        return example * self.layer.input_dim + words

    def compute_mask(self, inputs, previous_mask):
        return self.layer.compute_mask(inputs, previous_mask)

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "rate": saved_strength(self.rate),
            "seed": _random.seed_config(self.seed),
            "per_example": self.per_example,
        }

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call


def _words_dropped(x, key, index, limit, scale):
    words = ops.expand_dims(_random.words_at(key, index), -1)
    kept = _backend.where_kept(words, limit, ops.cast(x, scale.dtype))
    return _backend.rounded(kept * scale, x.dtype)


drop_words = _backend.fused(_words_dropped)
