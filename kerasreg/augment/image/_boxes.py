"""Boxes that follow what happens to their images."""

from typing import Any

import tensorflow as tf

BOX_FORMATS = (
    "xyxy",
    "yxyx",
    "xywh",
    "center_xywh",
    "rel_xyxy",
    "rel_yxyx",
    "rel_xywh",
    "rel_center_xywh",
)
POINTS = 16  # Along each side of a box that a displacement bends.
ITERATIONS = 10


def moved(
    boxes: tf.Tensor,
    matrix: tf.Tensor,
    before: tuple[Any, Any],
    after: tuple[Any, Any],
    box_format: str,
    field: tf.Tensor | None = None,
) -> tf.Tensor:
    """Returns the smallest upright boxes around what is left of each box in the moved images.

    Boxes without a pixel left, and those without one before, are all zeros.

    Args:
        boxes: Tensor of shape `(images, boxes, 4)`.
        matrix: Where output pixels are read, float64 of shape `(images, 3, 3)`.
        before: Height and width of the images before.
        after: Height and width of the moved images.
        box_format: One of `BOX_FORMATS`.
        field: Displacements of the output positions, or None.
    """
    edges = tf.cast(corners(boxes, before, box_format), tf.float64)
    is_there = tf.logical_and(edges[..., 2] > edges[..., 0], edges[..., 3] > edges[..., 1])
    points = _outline(edges, 2 if field is None else POINTS)
    points -= _middle(before)
    forward = tf.linalg.inv(matrix)
    points = tf.concat([points, tf.ones_like(points[..., :1])], axis=-1)
    found = tf.einsum("iab,inpb->inpa", forward, points)
    found = found[..., :2] / found[..., 2:]
    if field is not None:
        found = _undisplaced(found, tf.cast(field, tf.float64), after)
    found += _middle(after)
    height, width = after
    limit = tf.cast(tf.stack([width, height]), tf.float64)
    found = tf.clip_by_value(found, 0.0, limit)
    low, high = tf.reduce_min(found, axis=2), tf.reduce_max(found, axis=2)
    is_left = tf.logical_and(is_there, tf.reduce_all(high > low, axis=-1))
    result = tf.where(is_left[..., None], tf.concat([low, high], axis=-1), 0.0)
    return tf.cast(written(result, after, box_format), boxes.dtype)


def corners(boxes: tf.Tensor, size: tuple[Any, Any], box_format: str) -> tf.Tensor:
    """Returns boxes as left, top, right and bottom edge in pixels, float32 `(..., 4)`."""
    boxes = tf.cast(boxes, tf.float32)
    kind = box_format.removeprefix("rel_")
    a, b, c, d = tf.unstack(boxes, axis=-1)
    if kind == "yxyx":
        a, b, c, d = b, a, d, c
    elif kind == "xywh":
        c, d = a + c, b + d
    elif kind == "center_xywh":
        a, b, c, d = a - c / 2, b - d / 2, a + c / 2, b + d / 2
    edges = tf.stack([a, b, c, d], axis=-1)
    return edges * _scale(size) if box_format.startswith("rel_") else edges


def written(edges: tf.Tensor, size: tuple[Any, Any], box_format: str) -> tf.Tensor:
    """Returns left, top, right and bottom edges as boxes of a format."""
    if box_format.startswith("rel_"):
        edges = edges / tf.cast(_scale(size), edges.dtype)
    kind = box_format.removeprefix("rel_")
    left, top, right, bottom = tf.unstack(edges, axis=-1)
    if kind == "yxyx":
        return tf.stack([top, left, bottom, right], axis=-1)
    if kind == "xywh":
        return tf.stack([left, top, right - left, bottom - top], axis=-1)
    if kind == "center_xywh":
        middle = [(left + right) / 2, (top + bottom) / 2]
        return tf.stack([*middle, right - left, bottom - top], axis=-1)
    return edges


def _scale(size: tuple[Any, Any]) -> tf.Tensor:
    height, width = size
    return tf.cast(tf.stack([width, height, width, height]), tf.float32)


def _middle(size: tuple[Any, Any]) -> tf.Tensor:
    height, width = size
    return tf.cast(tf.stack([width, height]), tf.float64) / 2


def _outline(edges: tf.Tensor, count: int) -> tf.Tensor:
    """Returns points along the four sides of boxes, `(images, boxes, 4 * count, 2)`."""
    left, top, right, bottom = (each[..., None] for each in tf.unstack(edges, axis=-1))
    share = tf.cast(tf.linspace(0.0, 1.0, count), tf.float64)
    x, y = left + (right - left) * share, top + (bottom - top) * share
    sides = [(x, tf.broadcast_to(top, tf.shape(x))), (x, tf.broadcast_to(bottom, tf.shape(x)))]
    sides += [(tf.broadcast_to(left, tf.shape(y)), y), (tf.broadcast_to(right, tf.shape(y)), y)]
    return tf.concat([tf.stack(side, axis=-1) for side in sides], axis=2)


def _undisplaced(points: tf.Tensor, field: tf.Tensor, size: tuple[Any, Any]) -> tf.Tensor:
    """Returns the positions p with p + field(p) = points, by iteration."""
    last = tf.stack([size[1], size[0]]) - 1
    result = points
    for _ in range(ITERATIONS):
        pixel = tf.cast(tf.floor(result + _middle(size)), tf.int32)
        pixel = tf.clip_by_value(pixel, 0, last)
        result = points - tf.gather_nd(field, pixel[..., ::-1], batch_dims=1)
    return result
