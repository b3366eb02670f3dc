"""Training measured as validation is, and the gap between the two."""

from typing import NamedTuple

import keras
import numpy as np
from keras import tree

from kerasreg import _checks
from kerasreg._backend.metric_direction import metric_direction
from kerasreg._backend.running_fit import running_fit
from kerasreg._register import register
from kerasreg.callbacks._validation import as_validated, checked_data, validate_unnoticed


class GapCurve(NamedTuple):
    """One metric on training and on validation data, after each epoch that validated.

    Args:
        epochs: Epochs trained: 1 after the first.
        train: The metric on the training sample, at inference.
        validation: The metric on the validation data.
        gap: How much worse it is in validation; negative where it is better.
        direction: "min" if lower is better, "max" if higher is.
    """

    epochs: list[int]
    train: list[float]
    validation: list[float]
    gap: list[float]
    direction: str

    @property
    def onset(self) -> int | None:
        """The epoch after which the model overfits, None if it does not.

        That of the best validation value, if validation got worse from there to the last epoch
        while training got better.
        """
        sign = 1 if self.direction == "min" else -1
        train, validation = sign * np.array(self.train), sign * np.array(self.validation)
        if not np.isfinite(validation).any():
            return None
        best = int(np.nanargmin(np.where(np.isfinite(validation), validation, np.nan)))
        overfits = validation[-1] > validation[best] and train[-1] < train[best]
        return self.epochs[best] if overfits else None


@register
class GeneralizationGap(keras.callbacks.Callback):
    """Generalization gap: a fixed training sample, measured as the validation data are.

    What `fit` reports for training is a mean over the batches of an epoch, each with the weights of
    its moment, with dropout and other noise at work: it is no match for the validation
    values. After each epoch with a validation this callback evaluates a fixed sample of the
    training data as at inference, with the weights (or averages of them) that were validated, and
    gives, for the loss and each metric,

        gap = validation - train, where lower is better; train - validation, where higher is

    so that a positive gap always means that validation is worse. A model that is too simple, or not
    trained enough, is bad at both (bias); one that overfits is good in training and not in
    validation (variance). `curves[name].onset` is the epoch from which on training got
    better and validation worse; `reading()` says it in words, and
    `kerasreg.report.plot_generalization_gap` draws it.

    The logs of an epoch get `"train_loss"`, `"gap_loss"` and so on for each metric, and so
    `History`, `TensorBoard` and callbacks that come after this one. Training goes on bit for bit
    as without the callback. The loss includes penalties, in training and in validation alike.
    Metrics with several values, or without a direction, are left out.

    No known difference from the book, which draws both errors against capacity; here the training
    time takes its place.

    Attributes:
        curves: A dict from the name of each metric to its `GapCurve`.

    Args:
        sample: Training data, as `fit` takes `validation_data`: `(x, y)` or
            `(x, y, sample_weight)` of arrays, or a dataset of batches that can be gone through
            again and again. As many examples as there are validation data are enough.
        batch_size: Examples in a batch, for arrays, an integer of at least 1. Defaults to None,
            that of Keras.

    Raises:
        TypeError: If `sample` is no data, or `batch_size` no integer.
        ValueError: If the arrays of `sample` differ in length or are empty, or if `batch_size` is
            below 1; in `fit`, if it never validates.

    Example:
        >>> import keras, kerasreg
        >>> x, y = keras.ops.ones((4, 2)), keras.ops.ones((4, 1))
        >>> monitor = kerasreg.callbacks.GeneralizationGap((x, y))
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(
        ...     x, y, validation_data=(x, y), epochs=2, verbose=0, callbacks=[monitor]
        ... )
        >>> history.history["gap_loss"], monitor.curves["loss"].onset
        ([0.0, 0.0], None)

    Reference:
        Goodfellow, Bengio, Courville 2016, Deep Learning, MIT Press, sections 5.2 and 5.4. Geman,
        Bienenstock, Doursat 1992, Neural Networks and the Bias/Variance Dilemma, Neural
        Computation 4(1).
    """

    def __init__(self, sample, *, batch_size=None):
        super().__init__()
        self.sample = sample
        self._data = checked_data("sample", sample, self)
        if batch_size is not None:
            batch_size = _checks.whole("batch_size", batch_size, self, low=1)
        self.batch_size = batch_size
        self.curves: dict[str, GapCurve] = {}

    def on_train_begin(self, logs=None):
        self.curves = {}
        fit = running_fit(self.model)
        if fit is not None and not fit.validates:
            fix = "Pass `validation_data` or `validation_split` to `fit`."
            expected = "a `fit` that validates after at least one epoch"
            _checks.refuse("validation_data", None, self, expected, fix=fix)

    def on_epoch_end(self, epoch, logs=None):
        if not logs or not any(name.startswith("val_") for name in logs):
            return
        with as_validated(self.model):
            measured = validate_unnoticed(self.model, self._data, self.batch_size)
        for name, value in measured.items():
            validation = logs.get(f"val_{name}")
            direction = metric_direction(self.model, name)
            if validation is None or direction is None or np.size(value) != 1:
                continue
            train, validation = float(value), float(validation)
            gap = validation - train if direction == "min" else train - validation
            curve = self.curves.setdefault(name, GapCurve([], [], [], [], direction))
            curve.epochs.append(epoch + 1)
            curve.train.append(train)
            curve.validation.append(validation)
            curve.gap.append(gap)
            logs[f"train_{name}"], logs[f"gap_{name}"] = train, gap

    def reading(self, metric: str = "loss", target: float | None = None) -> str:
        """Returns what the curves of a metric say about bias and variance, in a sentence or two.

        Args:
            metric: Name of the metric, without `val_`.
            target: The value that can be hoped for, such as that of experts: what training lacks of
                it is avoidable bias, to be held against the gap, the variance. Defaults to None.

        Raises:
            TypeError: If `target` is not a number.
            ValueError: If nothing was measured of the metric.
        """
        if metric not in self.curves:
            measured = ", ".join(map(repr, self.curves)) or "none: pass it to `fit` first"
            _checks.refuse("metric", metric, self, f"a metric that was measured ({measured})")
        curve = self.curves[metric]
        train, validation, gap = curve.train[-1], curve.validation[-1], curve.gap[-1]
        found = f"{metric} after epoch {curve.epochs[-1]}: {train:.4g} in training, "
        found += f"{validation:.4g} in validation, gap {gap:.4g}."
        if curve.onset is None:
            found += " No overfitting so far: validation is at its best, or training is no better."
        else:
            best = curve.validation[curve.epochs.index(curve.onset)]
            found += f" Overfits since epoch {curve.onset}, where validation was {best:.4g}."
        if target is not None:
            target = _checks.number("target", target, self)
            bias = train - target if curve.direction == "min" else target - train
            larger = "bias: fit better" if bias > gap else "variance: regularize more"
            found += f" Avoidable bias {bias:.4g}, variance {gap:.4g}: reduce the {larger}."
        return found

    def get_config(self):
        """Returns the arguments; arrays as Keras saves them. A dataset cannot be saved."""
        sample = tree.map_structure(keras.saving.serialize_keras_object, self.sample)
        return {"sample": sample, "batch_size": self.batch_size}

    @classmethod
    def from_config(cls, config):
        """Returns a callback with the arguments that `get_config` gave."""
        sample = keras.saving.deserialize_keras_object(config["sample"])
        return cls(**{**config, "sample": sample})
