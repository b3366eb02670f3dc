"""The mixing of each example of a batch with another one, its partner."""

from typing import NamedTuple

import tensorflow as tf

from kerasreg.augment.mix import _labels

Batch = dict[str, tf.Tensor]


class Blend(NamedTuple):
    """How each example is mixed: within a region, outside of which it stays its own.

    Attributes:
        partner: Index of the other example, int32 `(examples,)`.
        inside: Weight of the own pixels within the region, float32 `(examples,)`.
        region: Left, top, right and bottom edge of the region in whole pixels, int32
            `(examples, 4)`.
    """

    partner: tf.Tensor
    inside: tf.Tensor
    region: tf.Tensor


def whole(images: tf.Tensor) -> tf.Tensor:
    """Returns the regions that are the whole images."""
    shape = tf.shape(images)
    return tf.tile(tf.stack([0, 0, shape[2], shape[1]])[None], [shape[0], 1])


def window(images: tf.Tensor, middle: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Returns the regions that leave about a share of each image free, cut at its edges.

    Args:
        images: The images.
        middle: The pixel in the middle, right and down, as fractions of the size `(examples, 2)`.
        share: Numbers from 0 to 1, `(examples,)`.
    """
    shape = tf.shape(images)
    size = tf.stack([shape[2], shape[1]])
    pixel = tf.cast(middle * tf.cast(size, tf.float64), tf.int32)
    side = tf.sqrt(1 - tf.cast(share, tf.float64))[:, None] * tf.cast(size, tf.float64)
    half = tf.cast(side, tf.int32) // 2
    low = tf.clip_by_value(pixel - half, 0, size)
    high = tf.clip_by_value(pixel + half, 0, size)
    return tf.concat([low, high], axis=1)


def mixed(batch: Batch, blend: Blend, classes: int | None, *, soft_masks: bool = True) -> Batch:
    """Returns the mixed parts of a batch; boxes are edges in pixels.

    Args:
        batch: The parts of the batch.
        blend: How they are mixed.
        classes: Number of classes, for labels and masks that are numbers of classes.
        soft_masks: Whether a pixel of a mask may belong to two images.
    """
    images = batch["image"]
    own = _own_pixels(images, blend)
    result = {**batch, "image": _weighted(images, own, blend.partner, tf.float32)}
    if "mask" in batch:
        mask = _labels.mask_vectors(batch["mask"], classes) if soft_masks else batch["mask"]
        result["mask"] = _mask(mask, own, blend)
    if "boxes" in batch:
        result |= _boxes(batch, blend)
    elif "label" in batch:
        labels = _labels.vectors(batch["label"], classes)
        share = tf.cast(_share(images, blend), labels.dtype)
        share = tf.reshape(share, [-1] + [1] * (labels.shape.rank - 1))
        result["label"] = _weighted(labels, share, blend.partner, labels.dtype)
    return result


def _own_pixels(images: tf.Tensor, blend: Blend) -> tf.Tensor:
    """Returns the weight of each pixel's own image, `(examples, height, width, 1)`."""
    shape = tf.shape(images)
    left, top, right, bottom = (each[:, None] for each in tf.unstack(blend.region, axis=1))
    rows, columns = tf.range(shape[1])[None], tf.range(shape[2])[None]
    in_rows = tf.logical_and(rows >= top, rows < bottom)[:, :, None, None]
    in_columns = tf.logical_and(columns >= left, columns < right)[:, None, :, None]
    is_inside = tf.logical_and(in_rows, in_columns)
    return tf.where(is_inside, blend.inside[:, None, None, None], 1.0)


def _share(images: tf.Tensor, blend: Blend) -> tf.Tensor:
    """Returns the weight of each example's own label: its part of the image, float64."""
    shape = tf.shape(images)
    left, top, right, bottom = tf.unstack(blend.region, axis=1)
    pixels = tf.cast((right - left) * (bottom - top), tf.float64)
    area = tf.cast(tf.maximum(shape[1] * shape[2], 1), tf.float64)
    return 1 - (1 - tf.cast(blend.inside, tf.float64)) * pixels / area


def _weighted(values: tf.Tensor, own: tf.Tensor, partner: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """Returns own * x + (1 - own) * x[partner]."""
    other = tf.cast(tf.gather(values, partner), dtype)
    return own * tf.cast(values, dtype) + (1 - own) * other


def _mask(mask: tf.Tensor, own: tf.Tensor, blend: Blend) -> tf.Tensor:
    own = own if mask.shape.rank == 4 else own[..., 0]
    if mask.dtype.is_floating:
        return _weighted(mask, tf.cast(own, mask.dtype), blend.partner, mask.dtype)
    return tf.where(own > 0, mask, tf.gather(mask, blend.partner))


def _boxes(batch: Batch, blend: Blend) -> Batch:
    """Returns the boxes of both images with their labels, those of nothing left as zeros."""
    region = tf.cast(blend.region, batch["boxes"].dtype)[:, None]
    own = batch["boxes"]
    covers = blend.inside[:, None, None] == 0
    kept = tf.where(covers, _without(own, region), own)
    added = _within(tf.gather(own, blend.partner), region)
    added = tf.where(blend.inside[:, None, None] < 1, added, 0)
    result = {"boxes": tf.concat([kept, added], axis=1)}
    if "label" in batch:
        other = tf.gather(batch["label"], blend.partner)
        result["label"] = tf.concat([batch["label"], other], axis=1)
    return result


def _within(boxes: tf.Tensor, region: tf.Tensor) -> tf.Tensor:
    """Returns what of each box lies in the region of its image."""
    low = tf.maximum(boxes[..., :2], region[..., :2])
    high = tf.minimum(boxes[..., 2:], region[..., 2:])
    return _existing(tf.concat([low, high], axis=-1))


def _without(boxes: tf.Tensor, region: tf.Tensor) -> tf.Tensor:
    """Returns the smallest boxes around what of each box lies outside of the region."""
    low, high = boxes[..., :2], boxes[..., 2:]
    start, end = region[..., :2], region[..., 2:]
    # A side is cut only where the region covers the whole of the other side.
    spans = tf.logical_and(start <= low, end >= high)[..., ::-1]
    cuts_low = tf.logical_and(spans, tf.logical_and(start <= low, end > low))
    cuts_high = tf.logical_and(spans, tf.logical_and(end >= high, start < high))
    cut_low = tf.where(cuts_low, end, low)
    cut_high = tf.where(cuts_high, start, high)
    return _existing(tf.concat([cut_low, cut_high], axis=-1))


def _existing(boxes: tf.Tensor) -> tf.Tensor:
    is_there = tf.reduce_all(boxes[..., 2:] > boxes[..., :2], axis=-1, keepdims=True)
    return tf.where(is_there, boxes, 0)
