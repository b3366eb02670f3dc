"""Spans of tokens masked."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.operation import NEIGHBOURHOOD, Operation, Parameters, ValueRange
from kerasreg.augment.text import _tokens
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength


@register
class SpanMask(Operation):
    """Random masking of spans of tokens.

    Of the n tokens of an example that are neither protected nor padding, `rate * n` become
    `mask_id`, in spans of `mean_length` tokens on average. Where a number is no integer, the number
    of tokens is one of the two next to it, drawn so that the share is `rate` on average, and the
    number of spans is rounded. Lengths of spans, and of the gaps between them, are drawn uniformly
    from all ways to divide the tokens into so many parts of at least one; the whole is then turned
    round by a random number of tokens, so that every token is masked with the same probability, and
    a span may be cut into two at the ends. Spans go on behind a protected token, which stays.

    Labels: safe while the words that decide are not all masked. The original tokens are what
    a model may learn to fill in.

    Differs from the paper, whose masks never touch the first token and always the last one, by
    turning them round; and each token of a span becomes `mask_id`, where there a span becomes one
    token.

    Args:
        rate: Share of the tokens that are masked, between 0 and 1, or a schedule of the epoch.
        mask_id: The token that they become.
        mean_length: Mean length of a span in tokens, at least 1. Defaults to 3.
        protected: Ids of tokens that stay: start, end, separators. Defaults to none.
        padding_id: Id of padding, which stays; None if there is none. Defaults to 0.
        probability: Share of the examples that are masked, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest rate for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> operation = kerasreg.augment.SpanMask(0.5, mask_id=99)
        >>> augmenter = kerasreg.augment.Augmenter([operation], seed=1)
        >>> masked = augmenter.apply(np.array([5, 6, 7, 8, 9, 10, 0, 0]), index=0).numpy()
        >>> int((masked == 99).sum())
        3

    Reference:
        Raffel, Shazeer, Roberts, Lee, Narang, Matena, Zhou, Li, Liu 2020, Exploring the Limits of
        Transfer Learning with a Unified Text-to-Text Transformer, arXiv:1910.10683.
    """

    kind = NEIGHBOURHOOD
    part = "tokens"
    rank = 1
    slots = 4
    strengths = ("rate",)
    neutral: ClassVar = {"rate": 0.0}

    def __init__(
        self,
        rate: float | Schedule,
        mask_id: int,
        *,
        mean_length: float = 3.0,
        protected: Any = (),
        padding_id: int | None = 0,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.rate = strength("rate", rate, self, _checks.fraction)
        self.mask_id = _tokens.checked_id("mask_id", mask_id, self)
        self.mean_length = _checks.number("mean_length", mean_length, self, low=1)
        self.protected = _tokens.checked_ids("protected", protected, self)
        self.padding_id = _tokens.checked_padding(padding_id, self)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        return {
            "rate": _tokens.per_example(strengths["rate"], words),
            "rounding": words[:, 0],
            "turn": words[:, 1],
            "key": words[:, 2:],
        }

    def check_batch(self, parts: dict[str, Any]) -> None:
        _tokens.check_fits("mask_id", self.mask_id, parts, self)

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        is_free = _tokens.is_free(images, self.protected, self.padding_id)
        count = tf.reduce_sum(tf.cast(is_free, tf.int32), axis=1)
        wanted = parameters["rate"] * tf.cast(count, tf.float64)
        masked = tf.minimum(_tokens.rounded_at_random(parameters["rounding"], wanted), count)
        words = _draws.pixel_words(parameters["key"], tf.shape(images))
        layout = self._layout(words, masked[:, None], count[:, None])
        turn = tf.cast(_tokens.below(parameters["turn"], count), tf.int32)[:, None]
        number = tf.cumsum(tf.cast(is_free, tf.int32), axis=1) - 1 + turn
        number = tf.math.floormod(number, tf.maximum(count, 1)[:, None])
        is_masked = tf.gather(layout, number, axis=1, batch_dims=1)
        is_masked = tf.logical_and(is_masked, is_free)
        return tf.where(is_masked, tf.cast(self.mask_id, images.dtype), images)

    def _layout(self, words: tf.Tensor, masked: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
        """Returns a row of tokens with gaps and spans in turn, of which the first `count` count.

        First come those to be masked, then the others; each of both rows is cut into as many
        parts, at places drawn at random, and parts of both are put in turn by sorting.
        """
        parts = tf.cast(tf.round(tf.cast(masked, tf.float32) / self.mean_length), tf.int32)
        parts = tf.minimum(tf.maximum(parts, 1), tf.maximum(count - masked, 1))
        place = tf.range(tf.shape(words)[1])[None, :]
        is_span = tf.cast(place < masked, tf.int32)
        may_be_cut = (place != 0) & (place != masked) & (place < count)
        groups = tf.where(may_be_cut, 1 - is_span, 2)
        number = tf.argsort(_tokens.shuffled(words, groups), axis=1)
        number -= (1 - is_span) * tf.maximum(masked - 1, 0)
        is_cut = tf.cast(may_be_cut & (number < parts - 1), tf.int32)
        part = tf.cumsum(is_cut, axis=1) - (1 - is_span) * (parts - 1)
        keys = tf.where(place < count, 2 * part + is_span, tf.int32.max)
        return tf.equal(tf.bitwise.bitwise_and(tf.sort(keys, axis=1), 1), 1)

    def get_config(self) -> dict[str, Any]:
        return {
            "rate": saved_strength(self.rate),
            "mask_id": self.mask_id,
            "mean_length": self.mean_length,
            "protected": self.protected,
            "padding_id": self.padding_id,
            **super().get_config(),
        }
