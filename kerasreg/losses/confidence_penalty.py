"""Cross entropy less the entropy of the output."""

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.losses._log_probabilities import (
    labels_without_axis,
    log_probabilities,
    of_labels,
    widened,
)


@register
class ConfidencePenalty(keras.losses.Loss):
    """Confidence penalty: cross entropy less the entropy of the output.

        loss = -sum_k y_k log p_k - strength * H(p),   H(p) = -sum_k p_k log p_k in nats

    so that a classifier is paid for not being sure. With a `threshold` only outputs of an entropy
    below it are penalized:

        loss = -sum_k y_k log p_k + strength * max(0, threshold - H(p))

    Labels are integers, or distributions (one-hot or soft) in the shape of the predictions: the
    shapes tell which. No one-hot labels are made of integers. Predictions in half precision are
    widened to float32 first; a class whose logit is minus infinity has no term in the entropy. A
    label outside of the classes gives NaN.

    Differs from the paper in the sign before the hinge: the paper prints a minus, with which low
    entropy would be rewarded, against its text. Its annealing (a strength that grows during
    training) is not here, as a loss does not know the step.
    `kerasreg.regularizers.Entropy(maximize=True)` puts the same term on the outputs of a layer,
    beside any loss.

    Args:
        strength: beta in the paper, a finite float of at least 0. Defaults to 0.1, which is the
            paper's for images.
        from_logits: Whether predictions are logits. Defaults to False: they are probabilities,
            which are divided by their sum and kept within `keras.config.epsilon()` of 0 and 1, as
            in Keras.
        threshold: Gamma in the paper, an entropy in nats above 0. Defaults to None, all outputs
            are penalized.
        axis: The axis of the classes. Defaults to -1.
        reduction: As in Keras: "sum_over_batch_size", "sum", "mean", "mean_with_sample_weight" or
            None. Defaults to "sum_over_batch_size".
        name: Name of the loss. Defaults to "confidence_penalty".
        dtype: Dtype in which predictions come and the loss is returned. Defaults to None,
            `keras.config.floatx()`.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `strength` is negative, `threshold` not above 0, one of them not finite, or
            if labels have neither the shape of the predictions nor that without `axis`, or
            predictions are of a single class (one sigmoid unit).

    Example:
        >>> import keras, kerasreg
        >>> loss = kerasreg.losses.ConfidencePenalty(0.5)
        >>> round(float(loss([0], [[0.5, 0.5]])), 4)  # log(2) - 0.5 * log(2)
        0.3466

    Reference:
        Pereyra, Tucker, Chorowski, Kaiser, Hinton 2017, Regularizing Neural Networks by Penalizing
        Confident Output Distributions, arXiv:1701.06548.
    """

    def __init__(
        self,
        strength=0.1,
        from_logits=False,
        *,
        threshold=None,
        axis=-1,
        reduction="sum_over_batch_size",
        name="confidence_penalty",
        dtype=None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.strength = _checks.number("strength", strength, self, low=0)
        self.from_logits = _checks.boolean("from_logits", from_logits, self)
        self.threshold = None
        if threshold is not None:
            self.threshold = _checks.positive("threshold", threshold, self)
        self.axis = _checks.whole("axis", axis, self, low=None)

    def call(self, y_true, y_pred):
        """Returns the loss of each example."""
        predictions, labels = widened(y_pred), ops.convert_to_tensor(y_true)
        if predictions.shape[self.axis] == 1:
            fix = "For two classes let the model end in two units with a softmax."
            expected = "predictions of two classes or more"
            _checks.refuse("y_pred", tuple(predictions.shape), self, expected, fix=fix)
        sparse = labels_without_axis(labels, predictions, self.axis)
        log_p = log_probabilities(ops.moveaxis(predictions, self.axis, -1), self.from_logits)
        p = ops.exp(log_p)
        # A class of probability 0 has no term, where 0 * -inf would be NaN.
        finite = ops.where(p > 0, log_p, ops.zeros_like(log_p))
        entropy = -ops.sum(p * finite, axis=-1)
        if _fits(sparse, log_p.shape[:-1]):
            loss = -of_labels(log_p, sparse)
        elif _fits(labels, predictions.shape):
            y = ops.cast(ops.moveaxis(labels, self.axis, -1), log_p.dtype)
            terms = ops.where(y == 0, ops.zeros_like(log_p), log_p)
            loss = -ops.sum(y * terms, axis=-1)
        else:
            shapes = f"labels of shape {tuple(log_p.shape[:-1])} or {tuple(predictions.shape)}"
            _checks.refuse("y_true", tuple(labels.shape), self, shapes)
        if self.threshold is None:
            return loss - self.strength * entropy
        return loss + self.strength * ops.relu(self.threshold - entropy)

    def get_config(self):
        """Returns the arguments."""
        return {
            **super().get_config(),
            "strength": self.strength,
            "from_logits": self.from_logits,
            "threshold": self.threshold,
            "axis": self.axis,
            "dtype": self.dtype,
        }


def _fits(labels, shape):
    return len(labels.shape) == len(shape) and all(
        None in pair or pair[0] == pair[1] for pair in zip(labels.shape, shape, strict=True)
    )
