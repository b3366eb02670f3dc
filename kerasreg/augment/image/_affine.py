"""Affine maps of positions (x, y, 1), as float64 matrices of shape `(images, 3, 3)`.

Positions are in pixels from the centre of the image, x to the right and y down. The maps go
backward, from an output pixel to where it is read. They are composed in float64: the single
precision of a position in a large image is needed for its last step alone.
"""

import math
from collections.abc import Sequence

import tensorflow as tf


def rotation(degrees: tf.Tensor) -> tf.Tensor:
    """Returns the maps that turn images counter-clockwise; quarter turns are exact."""
    degrees = tf.cast(degrees, tf.float64)
    quarter = tf.round(degrees / 90)
    rest = (degrees - 90 * quarter) * (math.pi / 180)
    turns = tf.cast(tf.math.floormod(quarter, 4), tf.int32)
    sine, cosine = tf.sin(rest), tf.cos(rest)
    by_turns = tf.stack([cosine, -sine, -cosine, sine], axis=1)
    cosine = tf.gather(by_turns, turns, batch_dims=1)
    sine = tf.gather(by_turns, tf.math.floormod(turns + 3, 4), batch_dims=1)
    return _matrix(cosine, -sine, 0.0, sine, cosine, 0.0)


def translation(right: tf.Tensor, down: tf.Tensor) -> tf.Tensor:
    """Returns the maps that move images by so many pixels."""
    right, down = tf.cast(right, tf.float64), tf.cast(down, tf.float64)
    return _matrix(1.0, 0.0, -right, 0.0, 1.0, -down)


def scaling(horizontal: tf.Tensor, vertical: tf.Tensor) -> tf.Tensor:
    """Returns the maps that enlarge images by factors, about their centre; -1 mirrors them."""
    horizontal, vertical = tf.cast(horizontal, tf.float64), tf.cast(vertical, tf.float64)
    return _matrix(1 / horizontal, 0.0, 0.0, 0.0, 1 / vertical, 0.0)


def shear(horizontal_degrees: tf.Tensor, vertical_degrees: tf.Tensor) -> tf.Tensor:
    """Returns the maps that push the upper edge to the right, then the right edge up.

    The angles are those by which upright and level lines lean.
    """
    radians = math.pi / 180
    across = tf.tan(tf.cast(horizontal_degrees, tf.float64) * radians)
    up = tf.tan(tf.cast(vertical_degrees, tf.float64) * radians)
    return _matrix(1 + across * up, across, 0.0, up, 1.0, 0.0)


def composed(matrices: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns the maps of several operations in the order in which they are applied."""
    result = matrices[0]
    for matrix in matrices[1:]:
        result = tf.linalg.matmul(result, matrix)
    return result


def entries(matrix: tf.Tensor, projective: bool) -> tf.Tensor:
    """Returns the entries of matrices as float32, `(images, 9)`, or 6 where the rest is 0, 0, 1."""
    return tf.cast(
        tf.reshape(matrix[:, : 3 if projective else 2], [-1, 9 if projective else 6]), tf.float32
    )


def identity(like: tf.Tensor) -> tf.Tensor:
    """Returns the maps that move nothing, as many as there are entries in a tensor `(images,)`."""
    return tf.tile(tf.eye(3, dtype=tf.float64)[None], [tf.shape(like)[0], 1, 1])


def window(
    left: tf.Tensor, top: tf.Tensor, horizontal: tf.Tensor, vertical: tf.Tensor
) -> tf.Tensor:
    """Returns the maps that read windows.

    Args:
        left: Where the middle of the output is read, in pixels from that of the input.
        top: The same, downward.
        horizontal: Pixels of the input for each of the output, from left to right.
        vertical: The same, downward.
    """
    left, top, horizontal, vertical = (
        tf.cast(each, tf.float64) for each in (left, top, horizontal, vertical)
    )
    return _matrix(horizontal, 0.0, left, 0.0, vertical, top)


def from_square(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Returns the homographies from the square between -1 and 1 to quadrangles, in closed form.

    Args:
        x: Corners of the quadrangles, `(images, 4)`, from the upper left one clockwise.
        y: The same, downward.
    """
    x0, x1, x2, x3 = tf.unstack(x, axis=1)
    y0, y1, y2, y3 = tf.unstack(y, axis=1)
    across, up = (x1 - x2, y1 - y2), (x3 - x2, y3 - y2)
    excess = (x0 - x1 + x2 - x3, y0 - y1 + y2 - y3)
    area = _determinant(across, up)
    g, h = _determinant(excess, up) / area, _determinant(across, excess) / area
    one = tf.ones_like(g)
    rows = [
        [x1 - x0 + g * x1, x3 - x0 + h * x3, x0],
        [y1 - y0 + g * y1, y3 - y0 + h * y3, y0],
        [g, h, one],
    ]
    of_unit = tf.reshape(tf.stack([each for row in rows for each in row], axis=1), [-1, 3, 3])
    # Twice, up to which homographies are the same: halves are exact, and so is the identity.
    to_unit = tf.constant([[1, 0, 1], [0, 1, 1], [0, 0, 2]], tf.float64)
    return of_unit @ to_unit / 2


def _determinant(a: tuple[tf.Tensor, tf.Tensor], b: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
    return a[0] * b[1] - a[1] * b[0]


def _matrix(*entries: tf.Tensor | float) -> tf.Tensor:
    """Returns matrices from the entries of their upper two rows."""
    like = next(entry for entry in entries if not isinstance(entry, float))
    full = [
        tf.fill(tf.shape(like), tf.constant(entry, tf.float64))
        if isinstance(entry, float)
        else entry
        for entry in (*entries, 0.0, 0.0, 1.0)
    ]
    return tf.reshape(tf.stack(full, axis=1), [-1, 3, 3])
