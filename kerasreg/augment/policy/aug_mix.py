"""AugMix."""

from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._beta import beta, dirichlet
from kerasreg.augment._strengths import Strengths
from kerasreg.augment._warped import Sampling
from kerasreg.augment.operation import Parameters, ValueRange
from kerasreg.augment.policy._chain import Batch, Chain, steps_of
from kerasreg.augment.policy._levels import ALL, CORRUPTION_FREE, MAX_MAGNITUDE, by_step, magnitude
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength, strength

LEAST_MAGNITUDE = 0.1
DEEPEST = 3


@register
class AugMix(Chain):
    """AugMix.

    Each image x goes through `width` chains of one to three operations, drawn for it alone, and is
    averaged with what comes out of them:

        y = (1 - m) * x + m * sum_i w_i * chain_i(x),   m ~ Beta(alpha, alpha),
        w ~ Dirichlet(alpha, ..., alpha)

    Each operation is drawn from nine (automatic contrast, equalization, posterization, rotation,
    solarization, shears and translations), none of which the corruptions resemble that the paper
    tests on, with a magnitude drawn from 0.1 to `severity`, where 10 means rotations of 30 degrees,
    shears of 0.3, translations by a third of the size, 0 bits and everything inverted.

    The paper trains with three views of each image, itself and two of these, and a loss that asks
    for the same predictions: `kerasreg.losses.JensenShannon`, whose example shows how.

    Labels: safe while each of the operations is. Masks and boxes are refused, as an average of
    moved images has none.

    Differs from the authors' code in that thresholds are not rounded.

    Args:
        severity: Largest magnitude of the operations, between 0 and 10 or a schedule of the epoch;
            0 still posterizes and equalizes, at magnitude 0. Defaults to 3.
        width: How many chains, an integer of at least 1. Defaults to 3.
        depth: How many operations a chain has, an integer of at least 1, or None (the default) for
            one to three of them, drawn for each chain.
        alpha: Parameter of the Beta and the Dirichlet distribution, a number above 0. Defaults
            to 1: all weights are as likely.
        all_operations: Whether brightness, color, contrast and sharpness belong to the operations,
            by factors of 0.1 plus 0.18 times the magnitude. Defaults to False.
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest severity for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range; at the data set, if there are masks or
            boxes.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.AugMix()], seed=1)
        >>> augmenter.apply(np.ones((8, 32, 32, 3), "uint8"), index=0).shape
        TensorShape([8, 32, 32, 3])

        Three views of each image, one after the other, for the loss:

        >>> import tensorflow as tf
        >>> def copied(x, y):
        ...     return {"image": x, "first": x, "second": x, "label": y}
        >>> def grouped(e):
        ...     images = [tf.cast(e[name], tf.float32) for name in ("image", "first", "second")]
        ...     shape = tf.concat([[-1], tf.shape(e["image"])[1:]], axis=0)
        ...     return tf.reshape(tf.stack(images, 1), shape), tf.repeat(e["label"], 3)
        >>> data = (np.ones((8, 32, 32, 3), "uint8"), np.arange(8))
        >>> dataset = tf.data.Dataset.from_tensor_slices(data).batch(4).map(copied)
        >>> for seed, name in enumerate(["first", "second"]):
        ...     mix = kerasreg.augment.AugMix()
        ...     own = kerasreg.augment.Augmenter([mix], seed=seed, parts={"image": name})
        ...     dataset = own(dataset)
        >>> [tuple(images.shape) for images, labels in dataset.map(grouped)]
        [(12, 32, 32, 3), (12, 32, 32, 3)]

    Reference:
        Hendrycks, Mu, Cubuk, Zoph, Gilmer, Lakshminarayanan 2020, AugMix: A Simple Data Processing
        Method to Improve Robustness and Uncertainty, arXiv:1912.02781.
    """

    strengths = ("severity",)
    neutral: ClassVar = {"operation": 0, "share": 1.0}

    def __init__(
        self,
        severity: float | Schedule = 3.0,
        *,
        width: int = 3,
        depth: int | None = None,
        alpha: float = 1.0,
        all_operations: bool = False,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.severity = strength("severity", severity, self, magnitude)
        self.width = _checks.whole("width", width, self, low=1)
        self.depth = None if depth is None else _checks.whole("depth", depth, self, low=1)
        self.alpha = _checks.positive("alpha", alpha, self)
        self.all_operations = _checks.boolean("all_operations", all_operations, self)
        self._table = ALL if self.all_operations else CORRUPTION_FREE
        self.names = self._table.names
        self.steps = DEEPEST if self.depth is None else self.depth
        self.slots = 4 + self.width * (1 + 3 * self.steps)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        count = self.width * self.steps
        share, weights, depths, *others = tf.split(
            words, [2, 2, self.width, count, count, count], axis=1
        )
        operation = self._table.drawn(others[0])
        if self.depth is None:
            depth = tf.cast(depths, tf.int64) * DEEPEST // _draws.WORD_VALUES
            depth = tf.repeat(depth, self.steps, axis=1)
            step = tf.tile(tf.range(self.steps, dtype=tf.int64), [self.width])
            operation = tf.where(step <= depth, operation, 0)
        severity = by_step(strengths["severity"])
        low = tf.minimum(LEAST_MAGNITUDE, severity)
        level = _draws.uniform(others[1], low, severity) / MAX_MAGNITUDE
        return {
            "operation": operation,
            "amount": self._table.amounts(operation, level, others[2]),
            "share": beta(share, self.alpha),
            "weights": dirichlet(weights, self.alpha, self.width),
        }

    def check_batch(self, parts: dict[str, Any]) -> None:
        for name in ("mask", "boxes"):
            if name in parts:
                expected = f"images without {name}: an average of moved images has none"
                fix = "Leave it out of `parts` if it is to stay as it is."
                _checks.refuse("dataset", sorted(parts), self, expected, fix=fix)

    def stages(self, place: int, sampling: Sampling) -> list[Any]:
        chains = [
            steps_of(range(i * self.steps, (i + 1) * self.steps), place, self.names, sampling)
            for i in range(self.width)
        ]

        def averaged(
            batch: Batch, drawn: tuple[Parameters, ...], value_range: ValueRange, compiled: bool
        ) -> Batch:
            images = tf.cast(batch["image"], tf.float32)
            mixture = tf.zeros_like(images)
            for i, steps in enumerate(chains):
                one = {**batch, "image": images}
                for step in steps:
                    one = step(one, drawn, value_range, compiled)
                mixture += one["image"] * _of_images(drawn[place]["weights"][:, i])
            share = _of_images(drawn[place]["share"])
            # The share of the image itself: m and 1 - m are distributed alike.
            return {**batch, "image": share * images + (1 - share) * mixture}

        return [averaged]

    def get_config(self) -> dict[str, Any]:
        return {
            "severity": saved_strength(self.severity),
            "width": self.width,
            "depth": self.depth,
            "alpha": self.alpha,
            "all_operations": self.all_operations,
            **super().get_config(),
        }


def _of_images(values: tf.Tensor) -> tf.Tensor:
    return values[:, None, None, None]
