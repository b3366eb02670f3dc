"""Changes of brightness and color with an amount for each image.

All take float32 images `(images, height, width, channels)` of a range and keep to it. They agree
with Pillow's operations of these names on 8-bit images, but for its rounding to whole numbers.
"""

from typing import Any

import tensorflow as tf

Ends = tuple[float, float]
LUMA = (0.299, 0.587, 0.114)
TOP = 255.0


def gray(images: tf.Tensor) -> tf.Tensor:
    """Returns the luma of color images, `(images, height, width, 1)`; else the channels' mean."""
    channels = tf.shape(images)[-1]
    known = images.shape[-1]
    is_color = tf.fill([channels], channels == 3 if known is None else known == 3)
    luma = tf.gather(tf.constant(LUMA), tf.minimum(tf.range(channels), 2))
    weights = tf.where(is_color, luma, 1 / tf.cast(channels, tf.float32))
    return tf.reduce_sum(images * weights, axis=-1, keepdims=True)


def brightness(images: tf.Tensor, factor: tf.Tensor, ends: Ends) -> tf.Tensor:
    """Returns images multiplied by a factor, counted from the lowest value."""
    return _blended(images, ends[0], factor, ends)


def saturation(images: tf.Tensor, factor: tf.Tensor, ends: Ends) -> tf.Tensor:
    """Returns images with their distance from gray multiplied by a factor."""
    return _blended(images, gray(images), factor, ends)


def contrast(images: tf.Tensor, factor: tf.Tensor, ends: Ends) -> tf.Tensor:
    """Returns images with their distance from their mean gray multiplied by a factor."""
    mean = tf.reduce_mean(gray(images), axis=(1, 2, 3), keepdims=True)
    return _blended(images, mean, factor, ends)


def sharpness(images: tf.Tensor, factor: tf.Tensor, ends: Ends) -> tf.Tensor:
    """Returns images with their distance from a smooth copy multiplied by a factor.

    In the copy a pixel and its eight neighbours are averaged with weights 5 and 1; edges stay.
    """
    rows = images[:, :-2] + images[:, 1:-1] + images[:, 2:]
    smooth = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    smooth = (smooth + 4 * images[:, 1:-1, 1:-1]) / 13
    shape = tf.shape(images)
    at_edge = [[0, 0], [1, 1], [1, 1], [0, 0]]
    inner = tf.pad(tf.ones_like(smooth[..., :1], tf.bool), at_edge)[:, : shape[1], : shape[2]]
    smooth = tf.pad(smooth, at_edge)[:, : shape[1], : shape[2]]
    return _blended(images, tf.where(inner, smooth, images), factor, ends)


def posterize(images: tf.Tensor, bits: tf.Tensor, ends: Ends) -> tf.Tensor:
    """Returns images of which so many of eight bits are kept."""
    step = tf.pow(2.0, 8 - bits)[:, None, None, None]
    # A level that rounding has put just below a whole number is that number.
    levels = tf.floor((_bytes(images, ends) + 1e-3) / step)
    return _from_bytes(levels * step, ends)


def solarize(images: tf.Tensor, threshold: tf.Tensor, ends: Ends) -> tf.Tensor:
    """Returns images with what is not below a threshold inverted, a part of the range."""
    limit = ends[0] + threshold[:, None, None, None] * (ends[1] - ends[0])
    return tf.where(images < limit, images, ends[0] + ends[1] - images)


def autocontrast(images: tf.Tensor, ends: Ends) -> tf.Tensor:
    """Returns images whose channels are stretched over the whole range."""
    low = tf.reduce_min(images, axis=(1, 2), keepdims=True)
    width = tf.reduce_max(images, axis=(1, 2), keepdims=True) - low
    stretched = ends[0] + (images - low) * ((ends[1] - ends[0]) / tf.where(width > 0, width, 1.0))
    return tf.where(width > 0, tf.clip_by_value(stretched, *ends), images)


def equalize(images: tf.Tensor, ends: Ends) -> tf.Tensor:
    """Returns images whose channels have flat histograms of 256 steps.

    The form of Pillow, in which the last step of the histogram does not count.
    """
    shape = tf.shape(images)
    levels = tf.cast(tf.round(_bytes(images, ends)), tf.int32)
    flat = tf.reshape(tf.transpose(levels, [0, 3, 1, 2]), [-1, shape[1] * shape[2]])
    counts = _counts(flat)
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


def invert(images: tf.Tensor, ends: Ends) -> tf.Tensor:
    """Returns the negatives of images."""
    return ends[0] + ends[1] - images


def turned_hue(images: tf.Tensor, degrees: tf.Tensor, ends: Ends) -> tf.Tensor:
    """Returns RGB images with the hue of HSV turned, and value and saturation kept."""
    top = tf.reduce_max(images, axis=-1)
    bottom = tf.reduce_min(images, axis=-1)
    chroma = top - bottom
    red, green, blue = images[..., 0], images[..., 1], images[..., 2]
    unit = tf.where(chroma > 0, chroma, 1.0)
    sector = tf.where(
        top == red,
        (green - blue) / unit,
        tf.where(top == green, (blue - red) / unit + 2, (red - green) / unit + 4),
    )
    sector = tf.math.floormod(sector + degrees[:, None, None] / 60, 6.0)
    channels = []
    for offset in (5.0, 3.0, 1.0):
        place = tf.math.floormod(sector + offset, 6.0)
        share = tf.clip_by_value(tf.minimum(place, 4 - place), 0.0, 1.0)
        channels.append(top - chroma * share)
    turned = tf.clip_by_value(tf.stack(channels, axis=-1), *ends)
    return tf.where(degrees[:, None, None, None] == 0, images, turned)


def _counts(levels: tf.Tensor) -> tf.Tensor:
    """Returns how often each of 256 levels occurs in each row."""
    rows = tf.shape(levels)[0]
    places = levels + 256 * tf.range(rows)[:, None]
    counts = tf.math.unsorted_segment_sum(
        tf.ones_like(tf.reshape(places, [-1])), tf.reshape(places, [-1]), 256 * rows
    )
    return tf.reshape(counts, [rows, 256])


def _blended(images: tf.Tensor, dull: Any, factor: tf.Tensor, ends: Ends) -> tf.Tensor:
    """Returns images with their distance from something dull multiplied by a factor."""
    factor = factor[:, None, None, None]
    blended = tf.clip_by_value(dull + (images - dull) * factor, *ends)
    # A factor of 1 leaves an image as it is to the last bit.
    return tf.where(factor == 1, images, blended)


def _bytes(images: tf.Tensor, ends: Ends) -> tf.Tensor:
    """Returns images in the range from 0 to 255."""
    return (images - ends[0]) * (TOP / (ends[1] - ends[0]))


def _from_bytes(images: tf.Tensor, ends: Ends) -> tf.Tensor:
    return ends[0] + images * ((ends[1] - ends[0]) / TOP)
