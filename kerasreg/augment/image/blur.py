"""Gaussian blur by a random width."""

import math
from collections.abc import Iterator
from typing import Any, ClassVar

import tensorflow as tf

from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._span import ends, span
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.image._edges import inside
from kerasreg.augment.operation import (
    NEIGHBOURHOOD,
    Operation,
    Parameters,
    Pass,
    ValueRange,
)
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength

TRUNCATED_AT_SIGMAS = 3


@register
class Blur(Operation):
    """Random Gaussian blur.

    Each image is convolved with a Gaussian of its own width: with `sigma_pixels=(low, high)` the
    width is drawn uniformly for each image. The kernel is cut off at three times the largest
    width and sums to 1; the image is continued by its mirror image (d c b a | a b c d).

    Labels: safe while what tells the classes apart is larger than the blur.

    No known difference from the paper.

    Args:
        sigma_pixels: Standard deviation of the Gaussian in pixels, a number of at least 0 or a
            `(low, high)` range of such numbers, or a schedule of the epoch. 0 leaves an image as
            it is.
        probability: Share of the images that are blurred, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest standard deviation for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is not a number, or a range not a pair of numbers.
        ValueError: If an argument is outside its range, or a range out of order.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Blur((0, 1.5))], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 1), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 1])

    Reference:
        Chen, Kornblith, Norouzi, Hinton 2020, A Simple Framework for Contrastive Learning of Visual
        Representations, arXiv:2002.05709.
    """

    kind = NEIGHBOURHOOD
    strengths = ("sigma_pixels",)
    neutral: ClassVar = {"sigma_pixels": 0.0}

    def __init__(
        self,
        sigma_pixels: float | tuple[float, float] | Schedule,
        *,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.sigma_pixels = span("sigma_pixels", sigma_pixels, self)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        return {"sigma_pixels": _draws.uniform(words[:, 0], *ends(strengths["sigma_pixels"]))}

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        for step in self.passes():
            images = step(images, parameters, value_range)
        return images

    def passes(self) -> tuple[Pass, ...]:
        radius = math.ceil(TRUNCATED_AT_SIGMAS * ends(self.sigma_pixels)[1])
        if radius == 0:
            return ()

        def taps(parameters: Parameters) -> tf.Tensor:
            return _weights(parameters["sigma_pixels"], radius)

        # Three kernels: along rows, mirrored columns would be computed for each reader.
        return (
            lambda images, parameters, _: _along_columns(images, taps(parameters)),
            lambda images, *_: _extended(images, radius),
            lambda images, parameters, _: _along_rows(images, taps(parameters)),
        )

    def get_config(self) -> dict[str, Any]:
        return {"sigma_pixels": saved_strength(self.sigma_pixels), **super().get_config()}


def _weights(sigma: tf.Tensor, radius: int) -> tf.Tensor:
    """Returns the weights of the 2 radius + 1 taps of each image; a width of 0 has one tap."""
    tap = tf.range(-radius, radius + 1, dtype=tf.float32)
    # The smallest width that matters: at 1/8 pixel the neighbours' weights are below 2**-46.
    weights = tf.exp(-0.5 * tf.square(tap / tf.maximum(sigma, 0.125)[:, None]))
    weights = tf.where(sigma[:, None] > 0, weights, tf.cast(tap == 0, tf.float32))
    return weights / tf.reduce_sum(weights, axis=1, keepdims=True)


def _along_columns(images: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Returns images convolved from top to bottom with weights of shape `(images, taps)`."""
    radius = weights.shape[1] // 2
    height = tf.shape(images)[1]
    rows = inside(tf.range(-radius, height + radius), height, "reflect")
    result = tf.zeros([], images.dtype)
    for offset, weight in _by_offset(weights):
        read = tf.slice(rows, [radius + offset], [height])
        result += tf.gather(images, read, axis=1) * weight
    return result


def _extended(images: tf.Tensor, radius: int) -> tf.Tensor:
    """Returns images continued by `radius` columns on the left and on the right."""
    width = tf.shape(images)[2]
    return tf.gather(images, inside(tf.range(-radius, width + radius), width, "reflect"), axis=2)


def _along_rows(images: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Returns extended images convolved from left to right."""
    radius = weights.shape[1] // 2
    size = tf.shape(images) - [0, 0, 2 * radius, 0]
    result = tf.zeros([], images.dtype)
    for offset, weight in _by_offset(weights):
        result += tf.slice(images, [0, 0, radius + offset, 0], size) * weight
    return result


def _by_offset(weights: tf.Tensor) -> Iterator[tuple[int, tf.Tensor]]:
    """Yields each tap's offset from the middle and weights, to be multiplied with images."""
    taps = weights.shape[1]
    by_tap = tf.unstack(weights[..., None, None, None], axis=1)
    return zip(range(-(taps // 2), taps // 2 + 1), by_tap, strict=True)
