"""The photometric operations of the published policies, each with an amount for each image.

They take float32 images of a range, `(images, height, width, channels)`, and keep to it.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

Function = Callable[[tf.Tensor, tf.Tensor, tuple[float, float]], tf.Tensor]
LUMA = (0.299, 0.587, 0.114)
TOP = 255.0


def _gray(images: tf.Tensor) -> tf.Tensor:
    """Returns the luma of color images; else the mean of the channels."""
    channels = tf.shape(images)[-1]
    known = images.shape[-1]
    is_color = tf.fill([channels], channels == 3 if known is None else known == 3)
    luma = tf.gather(tf.constant(LUMA), tf.minimum(tf.range(channels), 2))
    weights = tf.where(is_color, luma, 1 / tf.cast(channels, tf.float32))
    return tf.reduce_sum(images * weights, axis=-1, keepdims=True)


def _blended(images: tf.Tensor, dull: Any, factor: tf.Tensor, ends: tuple[float, float]) -> Any:
    """Returns images with their distance from something dull multiplied by a factor."""
    return tf.clip_by_value(dull + (images - dull) * factor[:, None, None, None], *ends)


def _brightness(images, factor, ends):
    return _blended(images, ends[0], factor, ends)


def _color(images, factor, ends):
    return _blended(images, _gray(images), factor, ends)


def _contrast(images, factor, ends):
    mean = tf.reduce_mean(_gray(images), axis=(1, 2, 3), keepdims=True)
    return _blended(images, mean, factor, ends)


def _sharpness(images, factor, ends):
    """A pixel and its eight neighbours are averaged with weights 5 and 1; edges stay."""
    rows = images[:, :-2] + images[:, 1:-1] + images[:, 2:]
    smooth = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    smooth = (smooth + 4 * images[:, 1:-1, 1:-1]) / 13
    shape = tf.shape(images)
    at_edge = [[0, 0], [1, 1], [1, 1], [0, 0]]
    inner = tf.pad(tf.ones_like(smooth[..., :1], tf.bool), at_edge)[:, : shape[1], : shape[2]]
    smooth = tf.pad(smooth, at_edge)[:, : shape[1], : shape[2]]
    return _blended(images, tf.where(inner, smooth, images), factor, ends)


def _posterize(images, bits, ends):
    step = tf.pow(2.0, 8 - bits)[:, None, None, None]
    return _from_bytes(tf.floor(_bytes(images, ends) / step) * step, ends)


def _solarize(images, threshold, ends):
    limit = ends[0] + threshold[:, None, None, None] * (ends[1] - ends[0])
    return tf.where(images < limit, images, ends[0] + ends[1] - images)


def _autocontrast(images, _, ends):
    low = tf.reduce_min(images, axis=(1, 2), keepdims=True)
    width = tf.reduce_max(images, axis=(1, 2), keepdims=True) - low
    stretched = ends[0] + (images - low) * ((ends[1] - ends[0]) / tf.where(width > 0, width, 1.0))
    return tf.where(width > 0, tf.clip_by_value(stretched, *ends), images)


def _equalize(images, _, ends):
    """The form of Pillow, in which the last step of the histogram does not count."""
    shape = tf.shape(images)
    levels = tf.cast(tf.round(_bytes(images, ends)), tf.int32)
    flat = tf.reshape(tf.transpose(levels, [0, 3, 1, 2]), [-1, shape[1] * shape[2]])
    counts = tf.math.bincount(flat, minlength=256, maxlength=256, axis=-1)
    total = tf.reduce_sum(counts, axis=1)
    last = tf.reduce_max(tf.where(counts > 0, tf.range(256), -1), axis=1)
    step = (total - tf.gather(counts, tf.maximum(last, 0), batch_dims=1)) // 255
    before = tf.cumsum(counts, axis=1, exclusive=True)
    table = (before + (step // 2)[:, None]) // tf.maximum(step, 1)[:, None]
    table = tf.minimum(table, 255)
    table = tf.where(step[:, None] > 0, table, tf.range(256))
    found = tf.gather(table, flat, batch_dims=1)
    found = tf.reshape(found, [shape[0], shape[3], shape[1], shape[2]])
    return _from_bytes(tf.cast(tf.transpose(found, [0, 2, 3, 1]), tf.float32), ends)


def _invert(images, _, ends):
    return ends[0] + ends[1] - images


def _bytes(images: tf.Tensor, ends: tuple[float, float]) -> tf.Tensor:
    """Returns images in the range from 0 to 255."""
    return (images - ends[0]) * (TOP / (ends[1] - ends[0]))


def _from_bytes(images: tf.Tensor, ends: tuple[float, float]) -> tf.Tensor:
    return ends[0] + images * ((ends[1] - ends[0]) / TOP)


PIXEL_OPERATIONS: dict[str, Function] = {
    "Brightness": _brightness,
    "Color": _color,
    "Contrast": _contrast,
    "Sharpness": _sharpness,
    "Posterize": _posterize,
    "Solarize": _solarize,
    "AutoContrast": _autocontrast,
    "Equalize": _equalize,
    "Invert": _invert,
}
