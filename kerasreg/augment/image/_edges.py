"""What lies outside an image: for any integer position, the pixel that is read there."""

import tensorflow as tf

FILL_MODES = ("constant", "reflect", "wrap", "nearest")


def inside(position: tf.Tensor, size: tf.Tensor, fill_mode: str) -> tf.Tensor:
    """Returns integer positions brought into `[0, size)`.

    For the image a b c d: "reflect" continues d c b a, "wrap" a b c d, "nearest" d d d d.
    "constant" gives the nearest pixel too; who uses it replaces what is not `is_inside`.
    """
    if fill_mode == "reflect":
        position = tf.math.floormod(position, 2 * size)
        return tf.minimum(position, 2 * size - 1 - position)
    if fill_mode == "wrap":
        return tf.math.floormod(position, size)
    return tf.clip_by_value(position, 0, size - 1)


def is_inside(position: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Returns where a position is a pixel of the image."""
    return tf.logical_and(position >= 0, position < size)
