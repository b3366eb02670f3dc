"""Cross entropy and the divergence of the predictions for several views of an example."""

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

LEAST = 1e-7


@register
class JensenShannon(keras.losses.Loss):
    """Jensen-Shannon consistency: AugMix's loss, for equal predictions of all views.

    A batch holds several views of each example, one after the other, the example itself first:
    `a, a', a'', b, b', b'', ...`. With their predictions p_1, ..., p_n and M, the mean of these,

        loss = -sum_k y_k log p_1k + strength * (sum_i KL(p_i, M)) / n

    which each of the views gets, so that means over batches are means over examples. Labels are
    integers, or distributions in the shape of the predictions; only those of the first views
    count. Predictions have the shape `(views * examples, classes)`.

    Batches have to hold whole groups, in `evaluate`, too: give the data of a validation in the
    same form (equal views diverge by nothing), and let `batch_size` be a multiple of `views`, with
    no shuffling after the grouping. `kerasreg.augment.AugMix` shows how to make such a data set.

    No known difference from the paper; as in the authors' code M is kept above 1e-7.

    Args:
        views: How many views there are of each example, an integer of at least 2; 3 in the paper.
        strength: Lambda in the paper, a finite float of at least 0. Defaults to 12, the paper's.
        from_logits: Whether predictions are logits. Defaults to False: they are probabilities,
            which are divided by their sum and kept within `keras.config.epsilon()` of 0 and 1, as
            in Keras.
        reduction: As in Keras: "sum_over_batch_size", "sum", "mean", "mean_with_sample_weight" or
            None. Defaults to "sum_over_batch_size".
        name: Name of the loss. Defaults to "jensen_shannon".
        dtype: Dtype in which predictions come and the loss is returned. Defaults to None,
            `keras.config.floatx()`.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range, predictions or labels are of another
            shape, or a batch does not hold whole groups.

    Example:
        >>> import keras, kerasreg
        >>> loss = kerasreg.losses.JensenShannon(views=2, strength=1.0)
        >>> round(float(loss([0, 0], [[0.5, 0.5], [0.5, 0.5]])), 4)  # log(2)
        0.6931

    Reference:
        Hendrycks, Mu, Cubuk, Zoph, Gilmer, Lakshminarayanan 2020, AugMix: A Simple Data Processing
        Method to Improve Robustness and Uncertainty, arXiv:1912.02781.
    """

    def __init__(
        self,
        views,
        strength=12.0,
        from_logits=False,
        *,
        reduction="sum_over_batch_size",
        name="jensen_shannon",
        dtype=None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.views = _checks.whole("views", views, self, low=2)
        self.strength = _checks.number("strength", strength, self, low=0)
        self.from_logits = _checks.boolean("from_logits", from_logits, self)

    def call(self, y_true, y_pred):
        """Returns the loss of each view, which is that of its example."""
        predictions, labels = widened(y_pred), ops.convert_to_tensor(y_true)
        sparse = labels_without_axis(labels, predictions, -1)
        self._check_shapes(predictions, sparse)
        log_p = self._grouped(log_probabilities(predictions, self.from_logits))
        if len(sparse.shape) == 1:
            entropy = -of_labels(log_p[:, 0], self._grouped(sparse)[:, 0])
        else:
            y = ops.cast(self._grouped(sparse)[:, 0], log_p.dtype)
            terms = ops.where(y == 0, ops.zeros_like(y), log_p[:, 0])
            entropy = -ops.sum(y * terms, axis=-1)
        return ops.repeat(entropy + self.strength * _divergence(log_p), self.views, axis=0)

    def _grouped(self, x):
        return ops.reshape(x, (-1, self.views, *x.shape[1:]))

    def _check_shapes(self, predictions, labels):
        shape = tuple(predictions.shape)
        if len(shape) != 2:
            _checks.refuse("y_pred", shape, self, "predictions of shape (views, classes)")
        if shape[0] is not None and shape[0] % self.views:
            expected = f"batches of a multiple of {self.views}, the views of an example"
            _checks.refuse("y_pred", shape, self, expected)
        if len(labels.shape) > 2 or labels.shape[1:] not in ((), shape[1:]):
            expected = f"labels of shape {shape[:1]} or {shape}"
            _checks.refuse("y_true", tuple(labels.shape), self, expected)

    def get_config(self):
        """Returns the arguments."""
        return {
            **super().get_config(),
            "views": self.views,
            "strength": self.strength,
            "from_logits": self.from_logits,
            "dtype": self.dtype,
        }


def _divergence(log_p):
    """Returns the Jensen-Shannon divergence of log p, `(examples, views, classes)`, in nats."""
    p = ops.exp(log_p)
    # A class of probability 0 has no term, where 0 * -inf would be NaN.
    finite = ops.where(p > 0, log_p, ops.zeros_like(log_p))
    mean = ops.mean(p, axis=1, keepdims=True)
    return ops.mean(ops.sum(p * (finite - ops.log(ops.maximum(mean, LEAST))), axis=-1), axis=1)
