"""Bend images like rubber."""

import math
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._span import ends, span
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.image import _affine
from kerasreg.augment.operation import GEOMETRIC, Operation, Parameters
from kerasreg.schedules import Schedule
from kerasreg.schedules._strength import saved_strength

TRUNCATED_AT_SIGMAS = 4


@register
class Elastic(Operation):
    """Elastic distortion.

    Every pixel is read where a smooth random field points: values uniform on [-1, 1], one for each
    pixel and direction, convolved with a Gaussian of `sigma_pixels` and multiplied by `alpha`. In
    each direction displacements have a standard deviation of `0.163 alpha / sigma_pixels`
    pixels (for a `sigma_pixels` of 1 or more), 1.4 for the paper's 34 and 4 on digits of 29 x 29.
    An image twice as large is distorted alike with twice the sigma and four times the alpha.
    Interpolation and what lies outside are the `Augmenter`'s.

    Labels: safe while lines keep their order, for handwriting in particular. If displacements are
    about as large as sigma the image folds.

    Differs from the paper: values are normal and stand on a grid of sigma pixels instead of one,
    with a Gaussian for each, which gives fields of the same variance and smoothness for less work,
    and the fields go on outside the image instead of fading toward its edges.

    Args:
        alpha: Scale of the displacement, a finite number of at least 0, a `(low, high)` range from
            which each image draws its own, or a schedule of the epoch.
        sigma_pixels: Standard deviation of the Gaussian in pixels, a finite number above 0: how
            wide the waves are.
        probability: Share of the images that are changed, between 0 and 1, or a schedule of the
            epoch. Defaults to 1.
        limits: Largest alpha for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If an argument is outside its range.

    Example:
        >>> import kerasreg, numpy as np
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Elastic(34, 4)], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 1), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 1])

    Reference:
        Simard, Steinkraus, Platt 2003, Best Practices for Convolutional Neural Networks Applied to
        Visual Document Analysis, ICDAR.
    """

    kind = GEOMETRIC
    slots = 3
    is_elastic = True
    strengths = ("alpha",)
    neutral: ClassVar = {"alpha": 0.0}

    def __init__(
        self,
        alpha: float | tuple[float, float] | Schedule,
        sigma_pixels: float,
        *,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.alpha = span("alpha", alpha, self)
        self.sigma_pixels = _checks.positive("sigma_pixels", sigma_pixels, self)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        alpha = _draws.uniform(words[:, 0], *ends(strengths["alpha"]))
        return {"alpha": alpha, "key": words[:, 1:]}

    def matrix(self, parameters: Parameters, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
        return _affine.identity(parameters["alpha"])

    def displacement(
        self, parameters: Parameters, height: tf.Tensor, width: tf.Tensor
    ) -> tf.Tensor:
        weights = _weights(self.sigma_pixels)
        taps, step = weights.shape
        rows, columns = (-tf.math.floordiv(-size, step) for size in (height, width))
        images = tf.shape(parameters["alpha"])[0]
        shape = tf.stack([images, rows + taps - 1, 2, columns + taps - 1])
        field = _draws.normal(_draws.pixel_words(parameters["key"], shape))
        field *= parameters["alpha"][:, None, None, None] / math.sqrt(3)
        # A product of matrices: XLA would merge one sum with another and do both for each pixel.
        # In float64, as the order of its sums depends on the size of the batch.
        dense = _dense(weights.astype(np.float64), columns + taps - 1, width)
        field = tf.cast(tf.linalg.matmul(tf.cast(field, tf.float64), dense), tf.float32)
        return tf.transpose(_refined(field, weights, rows)[:, :height], [0, 1, 3, 2])

    def get_config(self) -> dict[str, Any]:
        return {
            "alpha": saved_strength(self.alpha),
            "sigma_pixels": self.sigma_pixels,
            **super().get_config(),
        }


def _weights(sigma: float) -> np.ndarray:
    """Returns the weight of each point of a grid at each pixel between two of them.

    An array `(taps, pixels)`, the points from left to right. The squares of all weights of a pixel
    add up to those of a Gaussian of sum 1 in steps of one pixel, and with them the variances.
    """
    step = max(1, math.floor(sigma))
    side = math.ceil(TRUNCATED_AT_SIGMAS * sigma / step)
    distance = np.arange(-side, side + 1)[:, None] * step - np.arange(step)
    weights = np.exp(-0.5 * np.square(distance / sigma))
    reach = math.ceil(TRUNCATED_AT_SIGMAS * sigma)
    dense = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / sigma))
    norm = np.sqrt(np.square(dense / dense.sum()).sum())
    return (weights * norm / np.sqrt(np.square(weights).sum(axis=0))).astype(np.float32)


def _dense(weights: np.ndarray, points: tf.Tensor, pixels: tf.Tensor) -> tf.Tensor:
    """Returns the weights as a matrix `(points, pixels)`."""
    taps, step = weights.shape
    pixel = tf.range(pixels)
    tap = tf.range(points)[:, None] - tf.math.floordiv(pixel, step)
    place = tf.clip_by_value(tap, 0, taps - 1) * step + tf.math.floormod(pixel, step)
    values = tf.gather(tf.constant(weights.ravel()), place)
    return tf.where(tf.logical_and(tap >= 0, tap < taps), values, tf.zeros_like(values))


def _refined(field: tf.Tensor, weights: np.ndarray, count: tf.Tensor) -> tf.Tensor:
    """Returns a field with pixels in the place of points downward, `count` times as many."""
    taps, step = weights.shape
    shape = tf.shape(field)
    result = tf.zeros([], tf.float32)
    for tap in range(taps):
        points = tf.slice(field, [0, tap, 0, 0], [-1, count, -1, -1])[:, :, None]
        result += points * weights[tap][:, None, None]
    return tf.reshape(result, tf.stack([shape[0], count * step, shape[2], shape[3]]))
