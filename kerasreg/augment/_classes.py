"""Labels of examples, by number and by name."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kerasreg import _checks
from kerasreg.augment import _limits
from kerasreg.augment._limits import Labels
from kerasreg.augment.operation import Operation


def checked_names(names: Any, owner: object) -> list[str] | None:
    """Returns names of classes as a list, all different."""
    if names is None:
        return None
    expected = "a list of the classes' names"
    _checks.instance("class_names", names, owner, (list, tuple), expected)
    for name in names:
        _checks.instance("class_names", name, owner, str, expected)
    if len(set(names)) < len(names) or not names:
        _checks.refuse(
            "class_names", names, owner, "names that are all different, and at least one"
        )
    return list(names)


def labels_of(
    labels: Any,
    class_names: Sequence[str] | None,
    operations: Sequence[Operation],
    owner: object,
    *,
    is_batch: bool = True,
) -> Labels:
    """Returns the classes of labels that are integers, strings, or vectors with one entry a class.

    Args:
        labels: A tensor or its `tf.TensorSpec`, which is only checked.
        class_names: Names of the classes, or None.
        operations: Operations whose limits must fit the labels.
        owner: Whose argument it is.
        is_batch: Whether the labels are a batch.
    """
    shape = labels.shape[1 if is_batch else 0 :]
    size = shape[0] if shape.rank == 1 else 1
    if shape.rank is None or shape.rank > 1 or (size == 1 and shape.rank and not _whole(labels)):
        expected = "labels that are integers, strings or vectors with one entry for each class"
        _checks.refuse("labels", tuple(labels.shape), owner, expected)
    is_vector = shape.rank == 1 and size != 1
    if is_vector:
        _limits.check_classes(operations, class_names, size)
    if isinstance(labels, tf.TensorSpec):
        return Labels(None, None)
    if labels.dtype == tf.string:
        return Labels(None, tf.reshape(labels, [-1]))
    if is_vector:
        numbers = tf.argmax(labels, axis=-1, output_type=tf.int64)
    else:
        if labels.dtype.is_floating or labels.dtype.is_bool:
            labels = tf.cast(labels, tf.int32)
        numbers = tf.cast(tf.reshape(labels, [-1]), tf.int64)
    names = None
    if class_names is not None:
        known = tf.constant([*class_names, ""])
        inside = tf.clip_by_value(numbers, 0, len(class_names))
        names = tf.gather(known, tf.where(numbers == inside, inside, len(class_names)))
    return Labels(numbers, names)


def _whole(labels: Any) -> bool:
    return labels.dtype.is_integer or labels.dtype == tf.string
