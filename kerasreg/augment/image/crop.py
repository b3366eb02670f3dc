"""Cut a window out of each image."""

import math
from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws
from kerasreg.augment._strengths import Strengths
from kerasreg.augment.image import _affine
from kerasreg.augment.operation import GEOMETRIC, Operation, Parameters


@register
class Crop(Operation):
    """Random crop, also resized.

    Cuts a window of `height` times `width` pixels out of each image, at a place of its own, drawn
    uniformly from those where the window lies within the image; whole pixels, nothing is
    interpolated. Where the image is smaller than the window, the window is drawn from those that
    hold the image, and the rest filled as the `Augmenter` says. With `padding`, images count as so
    much larger on each side.

    With `scale`, the window is of another size, and what it shows is resized to `height` times
    `width`: it covers a part of the image's area drawn uniformly from `scale`, and its width is its
    height times a number drawn from `ratio`, uniformly in its logarithm. Where such a window would
    be wider or higher than the image, the nearest ratio is taken that fits. Every value is read
    between its nearest pixels, without a filter for windows much larger than the output; if the
    output is finer than the image, a window at the edge of the image keeps off it by less than half
    a pixel, so that it shows nothing from outside.

    The images that the probability spares, and all with `training=False`, get the window in the
    middle: of `height` times `width`, or with `scale` the largest of that shape.

    Labels: safe while the object stays in the window, which small parts of `scale` do not warrant.

    Differs from the paper's code, which draws windows again until one fits and rounds them to whole
    pixels.

    Args:
        height: Height of the result in pixels, an integer of at least 1.
        width: Width of the result in pixels, an integer of at least 1.
        scale: None, or `(low, high)` parts of the area between 0 and 1, (0.08, 1) in the paper.
            Defaults to None.
        ratio: `(low, high)` ratios of width and height above 0, for `scale`. Defaults to
            (3 / 4, 4 / 3).
        padding: Pixels by which images count as larger on each side; 4 is common for 32 x 32. Not
            together with `scale`. Defaults to 0.
        probability: Share of the images whose window is drawn, between 0 and 1, or a schedule of
            the epoch. Defaults to 1.
        limits: Largest probability for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range, or `padding` is given with `scale`.

    Example:
        >>> import kerasreg, numpy as np
        >>> crop = kerasreg.augment.Crop(24, 20, scale=(0.5, 1))
        >>> augmenter = kerasreg.augment.Augmenter([crop], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 1), "uint8"), index=0).shape
        TensorShape([8, 24, 20, 1])

    Reference:
        Szegedy, Liu, Jia et al. 2015, Going Deeper with Convolutions, arXiv:1409.4842.
    """

    kind = GEOMETRIC
    slots = 4
    resizes = True
    neutral: ClassVar = {"is_centred": True}

    def __init__(
        self,
        height: int,
        width: int,
        *,
        scale: tuple[float, float] | None = None,
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        padding: int = 0,
        probability: Any = 1.0,
        limits: Any = None,
    ):
        super().__init__(probability=probability, limits=limits)
        self.height = _checks.whole("height", height, self, low=1)
        self.width = _checks.whole("width", width, self, low=1)
        self.scale = None if scale is None else _ordered("scale", scale, self, _part)
        self.ratio = _ordered("ratio", ratio, self, _checks.positive)
        self.padding = _checks.whole("padding", padding, self, low=0)
        if self.padding and self.scale is not None:
            _checks.refuse("padding", padding, self, "0 where there is a `scale`")

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        drawn = {
            "is_centred": tf.zeros(tf.shape(words)[:1], tf.bool),
            "horizontal_place": _draws.uniform(words[:, 0], 0.0, 1.0),
            "vertical_place": _draws.uniform(words[:, 1], 0.0, 1.0),
        }
        if self.scale is not None:
            low, high = (math.log(end) for end in self.ratio)
            drawn["area_fraction"] = _draws.uniform(words[:, 2], *self.scale)
            # In float64: the last bit of an exponential depends on the size of the batch.
            logarithm = tf.cast(_draws.uniform(words[:, 3], low, high), tf.float64)
            drawn["ratio"] = tf.cast(tf.exp(logarithm), tf.float32)
        return drawn

    def matrix(self, parameters: Parameters, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
        size = tf.cast(height, tf.float64), tf.cast(width, tf.float64)
        across, down = (
            tf.where(
                parameters["is_centred"], tf.constant(0.5, tf.float64), tf.cast(each, "double")
            )
            for each in (parameters["horizontal_place"], parameters["vertical_place"])
        )
        if self.scale is None:
            top, left = (
                self._start(down, size[0], self.height),
                self._start(across, size[1], self.width),
            )
            one = tf.ones_like(left)
            return _affine.window(
                left + (self.width - size[1]) / 2, top + (self.height - size[0]) / 2, one, one
            )
        high, wide = self._extent(parameters, *size)
        x, horizontal = _reads(across, wide, size[1], self.width)
        y, vertical = _reads(down, high, size[0], self.height)
        return _affine.window(x, y, horizontal, vertical)

    def output_size(self, height: Any, width: Any) -> tuple[Any, Any]:
        return self.height, self.width

    def get_config(self) -> dict[str, Any]:
        return {
            "height": self.height,
            "width": self.width,
            "scale": self.scale,
            "ratio": self.ratio,
            "padding": self.padding,
            **super().get_config(),
        }

    def _start(self, place: tf.Tensor, size: tf.Tensor, own: int) -> tf.Tensor:
        """Returns the first pixel of each window of its own size; 0.5 is the middle."""
        spare = size - own
        first = tf.minimum(tf.cast(-self.padding, tf.float64), spare + self.padding)
        count = tf.abs(spare + 2 * self.padding) + 1
        return first + tf.clip_by_value(tf.math.ceil(count * place), 1, count) - 1

    def _extent(
        self, parameters: Parameters, height: tf.Tensor, width: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the height and width of each window to be resized."""
        area = tf.cast(parameters["area_fraction"], tf.float64) * height * width
        ratio = tf.cast(parameters["ratio"], tf.float64)
        ratio = tf.clip_by_value(ratio, area / height**2, width**2 / area)
        high, wide = tf.sqrt(area / ratio), tf.sqrt(area * ratio)
        largest = tf.minimum(height / self.height, width / self.width)
        is_centred = parameters["is_centred"]
        return (
            tf.where(is_centred, largest * self.height, tf.minimum(high, height)),
            tf.where(is_centred, largest * self.width, tf.minimum(wide, width)),
        )


def _reads(
    place: tf.Tensor, extent: tf.Tensor, size: tf.Tensor, count: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns where windows are read along one axis: the middle, and the pixels of a step.

    Their first and last reading are kept within the pixels of the image, from the first to the
    last.
    """
    step = extent / count
    first = (size - extent) * place + (step - 1) / 2
    last = first + extent - step
    first, last = tf.maximum(first, 0), tf.minimum(last, size - 1)
    middle = (first + last) / 2
    if count > 1:
        step = (last - first) / (count - 1)
    return middle - (size - 1) / 2, step


def _part(name: str, value: Any, owner: object) -> float:
    if _checks.fraction(name, value, owner) == 0:
        _checks.refuse(name, value, owner, "a float value above 0, and not above 1")
    return float(value)


def _ordered(name: str, value: Any, owner: object, check: Any) -> tuple[float, float]:
    low, high = _checks.many(name, value, owner, 2, check, broadcast=False)
    if low > high:
        _checks.refuse(name, value, owner, "(low, high) with low not above high")
    return low, high
