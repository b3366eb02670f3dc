"""Arithmetic on batches of waveforms and spectrograms, with or without an axis of channels."""

import tensorflow as tf


def for_each(parameter: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """Returns one number for each example, to be broadcast against the examples."""
    return tf.reshape(parameter, [-1] + [1] * (values.shape.rank - 1))


def along_time(parameter: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """Returns `(examples, time)` numbers, to be broadcast against the examples."""
    return tf.reshape(
        parameter, tf.concat([tf.shape(parameter), [1] * (values.shape.rank - 2)], axis=0)
    )


def length_of(values: tf.Tensor) -> tf.Tensor:
    """Returns the number of samples or steps, an int32 scalar, constant where it is known."""
    return tf.convert_to_tensor(values.shape[1] or tf.shape(values)[1])
