"""Labels and masks of mixed examples: what they may be, and their form."""

from typing import Any

import tensorflow as tf

from kerasreg import _checks

Specs = dict[str, Any]
FIX = "Or make them vectors in a `map` before."


def checked_classes(classes: Any, owner: object) -> int | None:
    """Returns a number of classes, or None."""
    return None if classes is None else _checks.whole("classes", classes, owner, low=2)


def check(parts: Specs, classes: int | None, owner: object, *, soft_masks: bool = True) -> None:
    """Refuses batches whose labels, masks or boxes cannot be mixed.

    Args:
        parts: The parts of a batch, or what describes them.
        classes: Number of classes, or None.
        owner: The operation.
        soft_masks: Whether a pixel of a mask may belong to two images.
    """
    if not {"label", "mask", "boxes"} & set(parts):
        expected = "batches of (image, label), or of dicts with these keys, to mix examples"
        _checks.refuse("dataset", sorted(parts), owner, expected)
    if "boxes" in parts:
        _check_labels_of_boxes(parts, owner)
    elif "label" in parts:
        _check_labels(parts["label"], classes, owner)
    is_number = "mask" in parts and parts["mask"].dtype.is_integer
    if is_number and soft_masks and classes is None:
        expected = "the number of classes, as classes of integers in masks cannot be averaged"
        _checks.refuse("classes", None, owner, expected, fix=FIX)


def vectors(labels: tf.Tensor, classes: int | None) -> tf.Tensor:
    """Returns labels as they are mixed: with a vector for each number of a class, and as floats."""
    if classes is None or not _are_numbers(labels):
        return labels if labels.dtype.is_floating else tf.cast(labels, tf.float32)
    numbers = tf.cast(tf.reshape(labels, [-1]), tf.int64)
    is_known = tf.logical_and(numbers >= 0, numbers < classes)
    message = f"Expected labels from 0 to {classes - 1}, as `classes` is {classes}. Received:"
    with tf.control_dependencies(
        [tf.debugging.Assert(tf.reduce_all(is_known), [message, numbers])]
    ):
        return tf.one_hot(numbers, classes)


def mask_vectors(mask: tf.Tensor, classes: int | None) -> tf.Tensor:
    """Returns masks as they are averaged: with a vector for each number of a class, and as floats.

    A number that is no class gives zeros.
    """
    if classes is None or not mask.dtype.is_integer:
        return mask if mask.dtype.is_floating else tf.cast(mask, tf.float32)
    numbers = mask[..., 0] if mask.shape.rank == 4 else mask
    return tf.one_hot(tf.cast(numbers, tf.int64), classes)


def _are_numbers(labels: Any) -> bool:
    shape = labels.shape
    return shape.rank == 1 or (shape.rank == 2 and shape[1] == 1)


def _check_labels(labels: Any, classes: int | None, owner: object) -> None:
    shape, dtype = labels.shape, labels.dtype
    if dtype == tf.string:
        fix = "Make them numbers of classes in a `map` before."
        _checks.refuse("labels", dtype.name, owner, "labels that are numbers", fix=fix)
    if shape.rank in (None, 0):
        _checks.refuse("labels", shape, owner, "labels of known rank, one for each image")
    if classes is None and dtype.is_integer and _are_numbers(labels):
        fix = f"{FIX} Numbers that are no classes are mixed as they are, if they are floats."
        expected = "the number of classes, as labels that are integers cannot be averaged"
        _checks.refuse("classes", None, owner, expected, fix=fix)
    if classes is not None and not _are_numbers(labels) and shape[-1] not in (None, classes):
        _checks.refuse("classes", classes, owner, f"{shape[-1]}, the size of the labels' vectors")


def _check_labels_of_boxes(parts: Specs, owner: object) -> None:
    boxes, labels = parts["boxes"], parts.get("label")
    count = boxes.shape[1] if boxes.shape.rank == 3 else None
    if (
        labels is None
        or labels.shape.rank not in (2, 3)
        or not labels.shape[1:2].is_compatible_with([count])
    ):
        received = None if labels is None else tuple(labels.shape)
        expected = "the class of each box, (images, boxes), where there are boxes"
        fix = "An image gets the boxes of two, and their labels with them."
        _checks.refuse("labels", received, owner, expected, fix=fix)
