"""Tokens left out, or replaced by one token."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.operation import NEIGHBOURHOOD, Operation, Parameters, ValueRange
from kerasreg.augment.text import _tokens
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength


@register
class TokenDropout(Operation):
    """Random deletion of tokens (word dropout).

    Each token is left out with the probability `rate`, those behind move up, and padding fills the
    end (the start, in examples that are padded there only). With `replacement_id` it is replaced by
    that token instead, and nothing moves. Protected tokens and padding stay.

    Labels: safe for topics and other classes of whole texts. Not where one word decides ("not"), or
    where there is a label for each token, which would not move with it.

    Differs from the paper in that an example may lose all its tokens, and nothing is divided by
    what is left: tokens are no vectors yet.

    Args:
        rate: Probability that a token is left out, between 0 and 1, or a schedule of the epoch.
        replacement_id: Token that stands in for the one left out, an id for "unknown" for instance.
            None (the default) closes the gap.
        protected: Ids of tokens that stay: start, end, separators. Defaults to none.
        padding_id: Id of padding, which stays, and which fills the end. None if there is none,
            which needs a `replacement_id`. Defaults to 0.
        probability: Share of the examples that lose tokens, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest rate for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range, or there is nothing to fill the end with.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.TokenDropout(0.5)], seed=3)
        >>> augmenter.apply(np.array([5, 6, 7, 8, 9, 0, 0]), index=0).shape
        TensorShape([7])

    Reference:
        Iyyer, Manjunatha, Boyd-Graber, Daumé 2015, Deep Unordered Composition Rivals Syntactic
        Methods for Text Classification, ACL.
    """

    kind = NEIGHBOURHOOD
    part = "tokens"
    rank = 1
    slots = 2
    strengths = ("rate",)
    neutral: ClassVar = {"rate": 0.0}

    def __init__(
        self,
        rate: float | Schedule,
        *,
        replacement_id: int | None = None,
        protected: Any = (),
        padding_id: int | None = 0,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.rate = strength("rate", rate, self, _checks.fraction)
        self.replacement_id = (
            None
            if replacement_id is None
            else _tokens.checked_id("replacement_id", replacement_id, self)
        )
        self.protected = _tokens.checked_ids("protected", protected, self)
        self.padding_id = _tokens.checked_padding(padding_id, self)
        if self.padding_id is None and self.replacement_id is None:
            fix = "Or pass a `replacement_id`."
            _checks.refuse("padding_id", None, self, "an id to fill the end with", fix=fix)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        return {"rate": _tokens.per_example(strengths["rate"], words), "key": words}

    def check_batch(self, parts: dict[str, Any]) -> None:
        _tokens.check_fits("replacement_id", self.replacement_id, parts, self)
        _tokens.check_fits("padding_id", self.padding_id, parts, self)

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        is_free = _tokens.is_free(images, self.protected, self.padding_id)
        is_lost = _tokens.happens(parameters["key"], parameters["rate"], images)
        is_lost = tf.logical_and(is_lost, is_free)
        if self.replacement_id is not None:
            return tf.where(is_lost, tf.cast(self.replacement_id, images.dtype), images)
        padding = tf.cast(self.padding_id, images.dtype)
        is_padding = images == padding
        starts_padded = tf.logical_and(
            tf.reduce_any(is_padding[:, :1], axis=1), ~tf.reduce_any(is_padding[:, -1:], axis=1)
        )[:, None]
        # False comes before True, and the order of equals stays.
        comes_last = tf.not_equal(is_lost, starts_padded)
        order = tf.argsort(tf.cast(comes_last, tf.int32), axis=1, stable=True)
        made = tf.where(is_lost, padding, images)
        return tf.gather(made, order, axis=1, batch_dims=1)

    def get_config(self) -> dict[str, Any]:
        return {
            "rate": saved_strength(self.rate),
            "replacement_id": self.replacement_id,
            "protected": self.protected,
            "padding_id": self.padding_id,
            **super().get_config(),
        }
