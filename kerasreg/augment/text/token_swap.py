"""Tokens that change places."""

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
class TokenSwap(Operation):
    """Random swap of tokens.

    Of the n tokens of an example that are neither protected nor padding, pairs are drawn at random,
    no token twice, and the two of each pair change places. There are `rate * n / 2` pairs: where
    that is no integer, one of the two next to it, drawn so that a share of `rate` of the tokens
    takes part on average (of an odd number, one at least stays).

    Labels: safe where the order of the words means little: topics, bags of words. Not where there
    is a label for each token, which would not move with it.

    Differs from the paper in that no token moves twice, and in that the rate is a share of
    the tokens, where it is one of swaps, about half of it.

    Args:
        rate: Share of the tokens that change places, between 0 and 1, or a schedule of the epoch.
        protected: Ids of tokens that stay: start, end, separators. Defaults to none.
        padding_id: Id of padding, which stays; None if there is none. Defaults to 0.
        probability: Share of the examples that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest rate for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.TokenSwap(1)], seed=1)
        >>> augmenter.apply(np.array([5, 6, 0, 0]), index=0).numpy()
        array([6, 5, 0, 0])

    Reference:
        Wei, Zou 2019, EDA: Easy Data Augmentation Techniques for Boosting Performance on Text
        Classification Tasks, arXiv:1901.11196.
    """

    kind = NEIGHBOURHOOD
    part = "tokens"
    rank = 1
    slots = 3
    strengths = ("rate",)
    neutral: ClassVar = {"rate": 0.0}

    def __init__(
        self,
        rate: float | Schedule,
        *,
        protected: Any = (),
        padding_id: int | None = 0,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.rate = strength("rate", rate, self, _checks.fraction)
        self.protected = _tokens.checked_ids("protected", protected, self)
        self.padding_id = _tokens.checked_padding(padding_id, self)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        return {
            "rate": _tokens.per_example(strengths["rate"], words),
            "rounding": words[:, 0],
            "key": words[:, 1:],
        }

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        is_free = _tokens.is_free(images, self.protected, self.padding_id)
        count = tf.reduce_sum(tf.cast(is_free, tf.int32), axis=1)
        wanted = parameters["rate"] * tf.cast(count, tf.float64) / 2
        pairs = tf.minimum(_tokens.rounded_at_random(parameters["rounding"], wanted), count // 2)
        words = _draws.pixel_words(parameters["key"], tf.shape(images))
        order = _tokens.shuffled(words, tf.cast(~is_free, tf.int32))
        number = tf.argsort(order, axis=1)
        partner = tf.where(number < 2 * pairs[:, None], tf.bitwise.bitwise_xor(number, 1), number)
        source = tf.gather(order, partner, axis=1, batch_dims=1)
        return tf.gather(images, source, axis=1, batch_dims=1)

    def get_config(self) -> dict[str, Any]:
        return {
            "rate": saved_strength(self.rate),
            "protected": self.protected,
            "padding_id": self.padding_id,
            **super().get_config(),
        }
