"""Tokens replaced by random ones."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.operation import PIXELWISE, Operation, Parameters, ValueRange
from kerasreg.augment.text import _tokens
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength


@register
class TokenReplace(Operation):
    """Random replacement of tokens by others of the vocabulary.

    Each token becomes, with the probability `rate`, another one drawn uniformly from the ids of
    `vocabulary`: never itself, never a protected token or padding. Protected tokens and padding
    stay.

    Labels: safe at small rates where no single word decides; labels of each token would not fit any
    more.

    Differs from the paper in that each token is decided on by itself, where the number of
    replacements is drawn for each sentence there, with a temperature.

    Args:
        rate: Probability that a token is replaced, between 0 and 1, or a schedule of the epoch.
        vocabulary: `(first, end)`: ids from `first` to `end - 1` are drawn, with at least two that
            are neither protected nor padding.
        protected: Ids of tokens that stay and are not drawn: start, end, separators. Defaults to
            none.
        padding_id: Id of padding, likewise; None if there is none. Defaults to 0.
        probability: Share of the examples that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest rate for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range, or the vocabulary too small.

    Example:
        >>> import kerasreg, numpy as np
        >>> operation = kerasreg.augment.TokenReplace(1, (5, 7))
        >>> augmenter = kerasreg.augment.Augmenter([operation], seed=1)
        >>> augmenter.apply(np.array([5, 6, 0, 0]), index=0).numpy()
        array([6, 5, 0, 0])

    Reference:
        Wang, Pham, Dai, Neubig 2018, SwitchOut: an Efficient Data Augmentation Algorithm for Neural
        Machine Translation, arXiv:1808.07512.
    """

    kind = PIXELWISE
    part = "tokens"
    rank = 1
    slots = 4
    strengths = ("rate",)
    neutral: ClassVar = {"rate": 0.0}

    def __init__(
        self,
        rate: float | Schedule,
        vocabulary: tuple[int, int],
        *,
        protected: Any = (),
        padding_id: int | None = 0,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.rate = strength("rate", rate, self, _checks.fraction)
        first, end = _checks.many(
            "vocabulary", vocabulary, self, 2, _tokens.checked_id, broadcast=False
        )
        self.vocabulary = (first, end)
        self.protected = _tokens.checked_ids("protected", protected, self)
        self.padding_id = _tokens.checked_padding(padding_id, self)
        padding = () if self.padding_id is None else (self.padding_id,)
        self._kept = sorted({each for each in (*self.protected, *padding) if first <= each < end})
        self._count = end - first - len(self._kept)
        if not 2 <= self._count < 2**_tokens.WORD_BITS:
            expected = "(first, end) with at least two ids that may be drawn"
            _checks.refuse("vocabulary", vocabulary, self, expected)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        return {
            "rate": _tokens.per_example(strengths["rate"], words),
            "key": words[:, :2],
            "key_of_others": words[:, 2:],
        }

    def check_batch(self, parts: dict[str, Any]) -> None:
        _tokens.check_fits("vocabulary", self.vocabulary[1] - 1, parts, self)

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        is_free = _tokens.is_free(images, self.protected, self.padding_id)
        is_replaced = _tokens.happens(parameters["key"], parameters["rate"], images)
        other = self._others(tf.cast(images, tf.int64), parameters["key_of_others"])
        is_replaced = tf.logical_and(is_replaced, is_free)
        return tf.where(is_replaced, tf.cast(other, images.dtype), images)

    def _others(self, tokens: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        """Returns a token in place of each, drawn by its number among those that may be drawn."""
        first, end = self.vocabulary
        own = tokens - first
        for each in self._kept:
            own -= tf.cast(tokens > each, tf.int64)
        is_known = tf.logical_and(tokens >= first, tokens < end)
        words = _draws.pixel_words(key, tf.shape(tokens))
        other = _tokens.below(words, self._count - tf.cast(is_known, tf.int64))
        other += tf.cast(tf.logical_and(is_known, other >= own), tf.int64) + first
        for each in self._kept:
            other += tf.cast(other >= each, tf.int64)
        return other

    def get_config(self) -> dict[str, Any]:
        return {
            "rate": saved_strength(self.rate),
            "vocabulary": self.vocabulary,
            "protected": self.protected,
            "padding_id": self.padding_id,
            **super().get_config(),
        }
