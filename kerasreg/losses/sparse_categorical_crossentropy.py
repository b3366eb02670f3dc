"""Cross entropy with integer labels and label smoothing."""

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._backend.keras_mask import masked
from kerasreg._register import register
from kerasreg.losses._log_probabilities import (
    labels_without_axis,
    log_probabilities,
    of_labels,
    widened,
)


@register
class SparseCategoricalCrossentropy(keras.losses.SparseCategoricalCrossentropy):
    """Label smoothing for integer labels.

    Keras' loss of this name with `label_smoothing`, which Keras has for one-hot labels only:

        loss = -(1 - s) log p_y - s / K sum_k log p_k,   s = label_smoothing

    which is the cross entropy with the labels of K classes mixed with the uniform distribution.
    Neither one-hot nor smoothed labels are made, only the sum over the logarithms that are there
    anyway. Predictions in half precision are widened to float32 first.

    `axis` may be any on every backend (Keras takes the last only, on TensorFlow), is saved with the
    model (Keras loses it), and a label outside of the classes, but for `ignore_class`, gives NaN
    everywhere. With smoothing every class has its share: a logit of minus infinity makes the loss
    infinite.

    Differs from the paper in nothing; some implementations share s among the K - 1 other classes.

    Args:
        from_logits: Whether predictions are logits. Defaults to False: they are probabilities,
            which are divided by their sum and kept within `keras.config.epsilon()` of 0 and 1, as
            in Keras.
        ignore_class: A label whose examples do not count, such as -1 or 255. Defaults to None.
        reduction: As in Keras: "sum_over_batch_size", "sum", "mean", "mean_with_sample_weight" or
            None. Defaults to "sum_over_batch_size".
        axis: The axis of the classes. Defaults to -1.
        name: Name of the loss. Defaults to "sparse_categorical_crossentropy".
        dtype: Dtype in which predictions come and the loss is returned. Defaults to None,
            `keras.config.floatx()`.
        label_smoothing: s above, a float between 0 and 1. Defaults to 0.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `label_smoothing` is not between 0 and 1, or if labels have not the shape of
            the predictions without `axis`.

    Example:
        >>> import keras, kerasreg
        >>> loss = kerasreg.losses.SparseCategoricalCrossentropy(label_smoothing=0.2)
        >>> round(float(loss([0], [[0.5, 0.25, 0.25]])), 4)
        0.7856

    Reference:
        Szegedy, Vanhoucke, Ioffe, Shlens, Wojna 2016, Rethinking the Inception Architecture for
        Computer Vision, CVPR, arXiv:1512.00567, Sec. 7.
    """

    def __init__(
        self,
        from_logits=False,
        ignore_class=None,
        reduction="sum_over_batch_size",
        axis=-1,
        name="sparse_categorical_crossentropy",
        dtype=None,
        *,
        label_smoothing=0.0,
    ):
        from_logits = _checks.boolean("from_logits", from_logits, self)
        if ignore_class is not None:
            ignore_class = _checks.whole("ignore_class", ignore_class, self, low=None)
        axis = _checks.whole("axis", axis, self, low=None)
        super().__init__(from_logits, ignore_class, reduction, axis, name, dtype)
        self.axis = axis
        self.label_smoothing = _checks.fraction("label_smoothing", label_smoothing, self)

    def call(self, y_true, y_pred):
        """Returns the loss of each example."""
        predictions = widened(y_pred)
        labels = labels_without_axis(ops.convert_to_tensor(y_true), predictions, self.axis)
        predictions = ops.moveaxis(predictions, self.axis, -1)
        _check_shapes(labels, predictions, self)
        mask = None
        if self.ignore_class is not None:
            mask = ops.not_equal(labels, ops.cast(self.ignore_class, labels.dtype))
            labels = ops.where(mask, labels, ops.zeros_like(labels))
            # What is ignored has no gradient either, whatever it is.
            counted = ops.expand_dims(mask, -1)
            predictions = ops.where(counted, predictions, ops.ones_like(predictions))
        log_p = log_probabilities(predictions, self.from_logits)
        loss = -of_labels(log_p, labels)
        if self.label_smoothing:
            uniform = -ops.mean(log_p, axis=-1)
            loss = (1.0 - self.label_smoothing) * loss + self.label_smoothing * uniform
        return loss if mask is None else masked(ops.where(mask, loss, ops.zeros_like(loss)), mask)

    def get_config(self):
        """Returns the arguments."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "dtype": self.dtype,
            "label_smoothing": self.label_smoothing,
        }


def _check_shapes(labels, predictions, owner):
    shape, expected = tuple(labels.shape), tuple(predictions.shape[:-1])
    fits = len(shape) == len(expected) and all(
        None in pair or pair[0] == pair[1] for pair in zip(shape, expected, strict=True)
    )
    if not fits:
        _checks.refuse("y_true", shape, owner, f"integer labels of shape {expected}")
