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
