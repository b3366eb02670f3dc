"""Regions of images that are filled."""

from typing import Any

import tensorflow as tf


def rectangles(start: tf.Tensor, end: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """Returns which pixels are within a rectangle, booleans `(images, height, width, 1)`.

    Args:
        start: First row and column of each, float32 of shape `(images, 2)`; may lie outside.
        end: The row and column after the last.
        shape: Shape of the images.
    """
    rows = tf.range(tf.cast(shape[1], tf.float32))
    columns = tf.range(tf.cast(shape[2], tf.float32))
    down = tf.logical_and(rows >= start[:, :1], rows < end[:, :1])
    across = tf.logical_and(columns >= start[:, 1:], columns < end[:, 1:])
    return tf.logical_and(down[:, :, None], across[:, None])[..., None]


def erased(images: tf.Tensor, inside: tf.Tensor, fill: Any) -> tf.Tensor:
    """Returns images with a value in place of what is inside."""
    return tf.where(inside, tf.cast(fill, images.dtype), images)
