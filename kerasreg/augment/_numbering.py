"""The index of each image in its epoch, and the number of the epoch."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def numbered(
    dataset: tf.data.Dataset, image_of: Callable[[Any], Any], is_batch: bool, epoch: Any
) -> tf.data.Dataset:
    """Returns a data set of (epoch, index of the first image, element).

    Batches may differ in size: what is counted is images.

    Args:
        dataset: The data set.
        image_of: Returns the image or images of an element.
        is_batch: Whether an element holds a batch of images.
        epoch: An integer or a variable; None to count the iterations of the returned data set.
    """
    read_epoch = _iteration_counter() if epoch is None else lambda: tf.cast(epoch, tf.int64)

    def step(state: tuple[tf.Tensor, tf.Tensor], element: Any) -> Any:
        known, index = state
        # The state of a new iterator says -1: only its first element moves the counter.
        current = (
            read_epoch() if epoch is not None else tf.cond(known < 0, read_epoch, lambda: known)
        )
        count = tf.shape(image_of(element), tf.int64)[0] if is_batch else tf.constant(1, tf.int64)
        return (current, index + count), (current, index, element)

    start = (tf.constant(-1, tf.int64), tf.constant(0, tf.int64))
    return dataset.scan(start, step)


def _iteration_counter() -> Callable[[], tf.Tensor]:
    with tf.init_scope(), tf.device("CPU:0"):
        begun = tf.Variable(-1, dtype=tf.int64, trainable=False, name="iterations_begun")
    return lambda: begun.assign_add(1)
