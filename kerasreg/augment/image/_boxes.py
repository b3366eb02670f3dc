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
POINTS = 24  # Along each side of a box that a displacement bends.
ITERATIONS = 6
SMOOTH_ITERATIONS = 3
# The smallest divisor of a position, where that of the centre is 1.
HORIZON = 1e-6


def moved(
    boxes: tf.Tensor,
    matrix: tf.Tensor,
    before: tuple[Any, Any],
    after: tuple[Any, Any],
    box_format: str,
    field: tf.Tensor | None = None,
) -> tf.Tensor:
    """Returns the smallest upright boxes around what is left of each box in the moved images.

    Boxes of which nothing is left, and those that held nothing before, are all zeros.

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
    own = edges - tf.concat([_middle(before), _middle(before)], axis=0)
    # A factor makes the divisor of the output's centre 1.
    matrix = matrix / matrix[:, 2:, 2:]
    field = None if field is None else tf.cast(field, tf.float64)
    outline = _outline(own, 1 if field is None else POINTS)
    found = _times(tf.linalg.inv(matrix), _homogeneous(outline))
    if field is not None:
        found = found[..., :2] / tf.maximum(found[..., 2:], HORIZON)
        found = _homogeneous(_undisplaced(found, field, after))
    points, is_point = _clipped(found, _middle(after))
    corner, is_corner = _corners_within(own, matrix, after, field)
    points = tf.concat([points, corner], axis=2)
    is_point = tf.concat([is_point, is_corner], axis=2)[..., None]
    limit = _middle(after)
    far = tf.constant(float("inf"), tf.float64)
    low = tf.reduce_min(tf.where(is_point, points, far), axis=2)
    high = tf.reduce_max(tf.where(is_point, points, -far), axis=2)
    is_left = tf.logical_and(is_there, tf.reduce_all(high > low, axis=-1))
    result = tf.concat([low + limit, high + limit], axis=-1)
    result = written(tf.where(is_left[..., None], result, 0.0), after, box_format)
    return tf.cast(tf.round(result) if boxes.dtype.is_integer else result, boxes.dtype)


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


def _homogeneous(points: tf.Tensor) -> tf.Tensor:
    return tf.concat([points, tf.ones_like(points[..., :1])], axis=-1)


def _times(matrix: tf.Tensor, points: tf.Tensor) -> tf.Tensor:
    return tf.einsum("iab,inpb->inpa", matrix, points)


def _outline(edges: tf.Tensor, count: int) -> tf.Tensor:
    """Returns points once around boxes, `(images, boxes, 4 * count, 2)`, `count` for each side."""
    left, top, right, bottom = (each[..., None] for each in tf.unstack(edges, axis=-1))
    share = tf.range(count, dtype=tf.float64) / count
    x, y = left + (right - left) * share, top + (bottom - top) * share
    back_x, back_y = right - (right - left) * share, bottom - (bottom - top) * share
    one = tf.ones_like(share)
    sides = [(x, top * one), (right * one, y), (back_x, bottom * one), (left * one, back_y)]
    return tf.concat([tf.stack(side, axis=-1) for side in sides], axis=2)


def _clipped(points: tf.Tensor, half: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns both ends of what lies inside the image of each line between points in a ring.

    Args:
        points: Homogeneous positions from the image's centre, `(images, boxes, points, 3)`.
        half: Half of the width and of the height.

    Returns:
        Positions, and which of them are any.
    """
    starts, ends = points, tf.roll(points, -1, axis=2)
    first, last = tf.zeros_like(points[..., 0]), tf.ones_like(points[..., 0])
    zero, one = tf.zeros([], tf.float64), tf.ones([], tf.float64)
    rules = [[one, zero, half[0]], [-one, zero, half[0]], [zero, one, half[1]]]
    rules += [[zero, -one, half[1]], [zero, zero, one]]
    for rule in rules:
        a, b = (tf.einsum("inpa,a->inp", each, tf.stack(rule)) for each in (starts, ends))
        crossing = tf.math.divide_no_nan(a, a - b)
        enters, leaves = tf.logical_and(a < 0, b >= 0), tf.logical_and(a >= 0, b < 0)
        first = tf.where(enters, tf.maximum(first, crossing), first)
        last = tf.where(leaves, tf.minimum(last, crossing), last)
        last = tf.where(tf.logical_and(a < 0, b < 0), -one, last)
    is_inside = first <= last
    result = [starts + (ends - starts) * each[..., None] for each in (first, last)]
    both = tf.concat(result, axis=2)
    both = both[..., :2] / tf.maximum(both[..., 2:], HORIZON)
    return tf.clip_by_value(both, -half, half), tf.concat([is_inside, is_inside], axis=2)


def _corners_within(
    edges: tf.Tensor, matrix: tf.Tensor, size: tuple[Any, Any], field: tf.Tensor | None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the corners of the images, and which of them are read inside of each box."""
    signs = tf.constant([[-1, -1], [1, -1], [1, 1], [-1, 1]], tf.float64)
    corner = (signs * _middle(size))[None, None]
    shape = tf.concat([tf.shape(edges)[:2], [4, 2]], axis=0)
    read = tf.broadcast_to(corner, shape)
    if field is not None:
        read += _smooth(field, read, size)
    read = _times(matrix, _homogeneous(read))
    is_seen = read[..., 2] > HORIZON
    read = read[..., :2] / tf.maximum(read[..., 2:], HORIZON)
    low, high = edges[:, :, None, :2], edges[:, :, None, 2:]
    is_within = tf.reduce_all(tf.logical_and(low <= read, read <= high), axis=-1)
    return tf.broadcast_to(corner, shape), tf.logical_and(is_seen, is_within)


def _undisplaced(points: tf.Tensor, field: tf.Tensor, size: tuple[Any, Any]) -> tf.Tensor:
    """Returns the positions p with p + field(p) = points, by iteration."""
    result = points
    for _ in range(ITERATIONS):
        pixel = tf.floor(result + _middle(size))
        result = points - _read(field, pixel, size)
    for _ in range(SMOOTH_ITERATIONS):
        result = points - _smooth(field, result, size)
    return result


def _smooth(field: tf.Tensor, points: tf.Tensor, size: tuple[Any, Any]) -> tf.Tensor:
    """Returns a field at positions from the centre, between its pixels."""
    place = points + _middle(size) - 0.5
    pixel = tf.floor(place)
    right, down = tf.split(place - pixel, 2, axis=-1)
    steps = tf.constant([[[0, 0], [1, 0]], [[0, 1], [1, 1]]], tf.float64)
    upper, lower = (
        _read(field, pixel + row[0], size) * (1 - right)
        + _read(field, pixel + row[1], size) * right
        for row in tf.unstack(steps)
    )
    return upper * (1 - down) + lower * down


def _read(field: tf.Tensor, pixel: tf.Tensor, size: tuple[Any, Any]) -> tf.Tensor:
    """Returns the field at pixels (column, row), or at the nearest ones for those outside."""
    last = tf.cast(tf.stack([size[1], size[0]]) - 1, pixel.dtype)
    place = tf.cast(tf.clip_by_value(pixel, tf.zeros_like(last), last), tf.int32)
    return tf.gather_nd(field, place[..., ::-1], batch_dims=1)
