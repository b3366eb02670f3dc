"""The data loss and the penalty, apart, in the logs of training."""

from typing import Any

import keras

from kerasreg import _checks
from kerasreg._backend.penalty_meter import DATA_LOSS, PENALTY, PenaltyMeter, meter_of
from kerasreg._penalized_weights import left_out_values, penalized_paths, scheduled_strengths
from kerasreg._register import register


@register
class PenaltyMonitor(keras.callbacks.Callback):
    """Penalty monitor: the data loss and the penalty apart.

    Keras' `loss` and `val_loss` include the penalties of weights and activities, so that two runs
    of different strengths cannot be compared, and early stopping may wait for weights to shrink.
    The logs get, and with `val_` before them those of validation,

        data_loss = the loss of `compile` (with its weights) alone
        penalty = sum(model.losses): regularizers of weights, of activities, and `add_loss`
        loss = data_loss + penalty

    to the precision of float32. Keras' `loss` is a mean over the examples of an epoch, during which
    the weights change; so are these: each batch is measured in the training step, with the weights
    that its loss had, and counts as many times as it has examples. The penalty of the weights as
    they are when the epoch ends, which is smaller when they shrink, is `val_penalty` (apart from
    activities, which are then those of the validation data), or `kerasreg.models.penalty_report`.

    Nothing is computed that training does not compute anyway, but for a few additions of scalars at
    each batch, and the training itself is the same. The model is traced anew in the first `fit`
    with the monitor. `Model.evaluate(..., return_dict=True, callbacks=[monitor])` has both values,
    too.

    Order of callbacks: `data_loss` and `penalty` are among the metrics of the model while it is
    fitted, so that `History`, the progress bar and callbacks in any place see them, after each
    batch and each epoch, as `EarlyStopping("val_data_loss")` does (Keras' own wants `mode="min"`
    with it). The entries of `terms`, and all of them where the model has a `train_step` of its own
    that returns its own logs, are there at the end of the epoch, for callbacks behind this one in
    the list (`TensorBoard`, say): put the monitor first. What `evaluate` returns as a list, called
    by another callback during `fit`, is longer by two.

    A `kerasreg.regularizers.Folded` penalty has no value in the training step, and no part in
    Keras' `loss`, which is then `data_loss` and the penalties that are not folded. Its value is
    computed when the epoch (or the validation) ends, of the weights as they are then, and is part
    of `penalty` from there on, for callbacks behind this one; after each batch, and for those
    before, `penalty` is without it.

    Differs from the formula in nothing, unless the model overrides `compute_loss`: then
    `data_loss` is its result less the penalty. A `train_step` that does not call `compute_loss`
    cannot be measured, which is an error.

    Args:
        terms: Whether to log the parts of the penalty: as `"penalty/encoder/dense/kernel"` that of
            each weight, and as `"penalty/activities"` all others; one transfer from the device for
            all of them, after each epoch. Strengths that follow a schedule are logged as they are
            then, as `"strength/encoder/dense/kernel/l2"`. Defaults to False.

    Raises:
        TypeError: If `terms` is not a bool.
        ValueError: In `fit`, if the model has a metric called `data_loss` or `penalty`, as an
            output called `data` among several has.
        RuntimeError: In `fit`, if the model leaves out `compute_loss` or the metrics of Keras, or
            there are two monitors.

    Example:
        >>> import keras, kerasreg
        >>> dense = keras.layers.Dense(1, kernel_initializer="ones", kernel_regularizer="l2")
        >>> model = keras.Sequential([keras.Input((2,)), dense])
        >>> model.compile(keras.optimizers.SGD(0.0), "mse")
        >>> monitor = kerasreg.callbacks.PenaltyMonitor()
        >>> x, y = keras.ops.ones((4, 2)), keras.ops.zeros((4, 1))
        >>> logs = model.fit(x, y, verbose=0, callbacks=[monitor]).history
        >>> [round(logs[name][0], 4) for name in ("data_loss", "penalty", "loss")]
        [4.0, 0.02, 4.02]

    Reference:
        Krogh, Hertz 1991, A Simple Weight Decay Can Improve Generalization, NeurIPS, for the sum of
        both terms as what is minimised.
    """

    def __init__(self, *, terms=False):
        super().__init__()
        self.terms = _checks.boolean("terms", terms, self)
        self._meter: Any = None
        self._training: dict[str, float] = {}
        self._testing: dict[str, float] = {}

    def on_train_begin(self, logs=None):
        self._attach()

    def on_epoch_begin(self, epoch, logs=None):
        self._training, self._testing = {}, {}

    def on_test_begin(self, logs=None):
        if self._is_attached():
            # Keras is about to reset the metrics for the validation.
            self._training = self._measured("train_step")
        else:
            self._attach()

    def on_test_end(self, logs=None):
        self._testing = self._measured("test_step")
        if logs is not None:
            logs.update(self._testing)
        if self._meter.outlived():  # outside `fit`
            self._meter.detach()

    def on_epoch_end(self, epoch, logs=None):
        training = self._training or self._measured("train_step")
        if logs is not None:
            logs.update(training)
            logs.update({f"val_{name}": value for name, value in self._testing.items()})

    def on_train_end(self, logs=None):
        if self._is_attached():
            self._meter.detach()

    def _is_attached(self) -> bool:
        return self._meter is not None and meter_of(self.model) is self._meter

    def _attach(self) -> None:
        model = self.model
        other = meter_of(model)
        if other and not other.outlived():
            reason = "Another PenaltyMonitor measures this `fit` already."
            _checks.impossible(self, reason, fix="Leave one of them out.")
        self._refuse_other_metrics()
        if self._meter is None or not self._meter.fits(model):
            paths = (lambda: penalized_paths(model)) if self.terms else None
            self._meter = PenaltyMeter(model, paths)
        self._meter.attach()
        if not any(metric is self._meter.penalty for metric in model.metrics):
            self._meter.detach()
            reason = "The `metrics` of the model leave out those that Keras keeps."
            _checks.impossible(self, reason, fix="Let it return `super().metrics`, and more.")

    def _measured(self, step: str) -> dict[str, float]:
        self._refuse_other_metrics()
        if not self._meter.examples():
            self._meter.detach()
            reason = f"The `{step}` of the model does not call `compute_loss`."
            fix = "Let it compute its loss by `self.compute_loss(x, y, y_pred, sample_weight)`."
            _checks.impossible(self, reason, fix=fix)
        values = self._meter.values()
        for path, value in left_out_values(self.model).items():
            values[PENALTY] += value
            if self.terms:
                values[f"{PENALTY}/{path}"] += value
        if self.terms:
            strengths = scheduled_strengths(self.model).items()
            values |= {f"strength/{name}": value for name, value in strengths}
        return values

    def _refuse_other_metrics(self) -> None:
        mine = (self._meter.data_loss, self._meter.penalty) if self._meter else ()
        for metric in self.model.metrics:
            # The metrics of `compile` are inside of one.
            for each in getattr(metric, "metrics", [metric]):
                if each.name in (DATA_LOSS, PENALTY) and not any(each is one for one in mine):
                    if self._is_attached():
                        self._meter.detach()
                    expected = f"a model without a metric or an output's loss called {each.name!r}"
                    _checks.refuse("model", self.model.name, self, expected)

    def get_config(self):
        """Returns the arguments."""
        return {"terms": self.terms}

    @classmethod
    def from_config(cls, config):
        """Returns a callback with the arguments that `get_config` gave."""
        return cls(**config)
