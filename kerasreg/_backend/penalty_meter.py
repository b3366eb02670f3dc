"""The two parts of the loss, data loss and penalty, measured within the compiled step.

Keras adds the penalties to the loss inside `Model.compute_loss` and keeps the sum alone. Measured
here is what that call adds up at each batch, in the same step and with the same weights; nothing is
computed twice, and no value goes to the host before it is asked for.

Private attributes of Keras, which has no public way to any of these:

- `Model._metrics`: metrics that it resets, logs, and on JAX carries through its steps. A built
  model refuses new ones as attributes.
- `Model._compile_loss`: the loss of `compile`, whose result is the data loss.
- `Model._losses_override`: what `Model.losses` gives in place of computing the penalties again;
  Keras itself uses it so on JAX.
- `Model._loss_tracker`: a new one shows that the model was compiled again.
- `Metric._direction`: whether lower is better.
"""

import contextlib
import weakref
from collections.abc import Callable
from typing import Any

import keras
from keras import ops, tree

from kerasreg._backend.running_fit import running_fit

DATA_LOSS, PENALTY = "data_loss", "penalty"
_STEPS = ("train_function", "test_function")
_MAKERS = ("make_train_function", "make_test_function")


class PenaltyMeter:
    """Two metrics, `data_loss` and `penalty`, that a model has while it is measured.

    The metrics are means over the examples, as Keras' `loss` is, so that they add up to it. While
    the meter is attached, they stand in the logs of Keras. The model's compiled steps are put aside
    and come back when it is detached; those of the meter are kept for the next time.

    An exception in `fit` leaves the meter attached, as no one is told: the next `fit` or `evaluate`
    of the model detaches it first.

    Args:
        model: A compiled model.
        paths: Gives the paths of the weights with a penalty, in the order of these penalties at the
            end of `Model.losses`, once the model is built; None if the parts of the penalty are not
            to be measured one by one.
    """

    def __init__(self, model: Any, paths: Callable[[], list[str]] | None):
        self._model: Callable[[], Any] = weakref.ref(model)
        self._loss_tracker = model._loss_tracker
        self._paths = paths
        self._within: Any = None
        self._data: Any = None
        self._others = dict.fromkeys(_STEPS)
        with _strategy_scope(model):
            self.data_loss, self.penalty = _mean(DATA_LOSS), _mean(PENALTY)
            self._metrics = [self.data_loss, self.penalty]
            self.terms = _Terms(paths) if paths else None
            if self.terms:
                self._metrics.append(self.terms)
                if model.built:
                    self.terms.build()

    def fits(self, model: Any) -> bool:
        """Returns whether the meter can go on with a model: compiled and regularized as it was."""
        same = self._model() is model and self._loss_tracker is model._loss_tracker
        if same and self.terms and self.terms.paths is not None and self._paths:
            same = self.terms.paths == self._paths()
        return same

    def attach(self) -> None:
        """Lets the model measure; another meter that it has is detached."""
        model = self._model()
        if attached := meter_of(model):
            attached.detach()
        fit = running_fit(model)
        self._within = weakref.ref(fit.callbacks) if fit else None
        model._metrics.extend(self._metrics)
        own: Any = vars(model)
        own["compute_loss"] = _measured(self, model.compute_loss)
        if model._compile_loss is not None:
            vars(model._compile_loss)["call"] = _noting(self, model._compile_loss.call)
        self._swap_steps(model)
        for name in _MAKERS:
            own[name] = _detaching_first(self, getattr(model, name))

    def detach(self) -> None:
        """Takes everything away from the model again."""
        model = self._model()
        if model is None or meter_of(model) is not self:
            return
        for name in ("compute_loss", *_MAKERS):
            del vars(model)[name]
        if model._compile_loss is not None:
            vars(model._compile_loss).pop("call", None)
        ids = {id(metric) for metric in self._metrics}
        model._metrics[:] = [metric for metric in model._metrics if id(metric) not in ids]
        self._swap_steps(model)

    def _swap_steps(self, model: Any) -> None:
        for name in _STEPS:
            mine, self._others[name] = self._others[name], getattr(model, name)
            setattr(model, name, mine)
        if running_fit(model):
            model.make_train_function()
        model.make_test_function()

    def outlived(self) -> bool:
        """Returns whether the meter is not attached to a `fit` that still runs."""
        fit = running_fit(self._model())
        return fit is None or self._within is None or fit.callbacks is not self._within()

    def examples(self) -> float:
        """Returns how many examples the means are of."""
        return float(ops.convert_to_numpy(self.penalty.count))

    def values(self) -> dict[str, float]:
        """Returns the means by their names in the logs, the parts in one transfer."""
        values = {
            metric.name: float(ops.convert_to_numpy(metric.result()))
            for metric in (self.data_loss, self.penalty)
        }
        if self.terms is not None and self.terms.paths is not None:
            totals = ops.convert_to_numpy(self.terms.total).astype("float64")
            names = [*(f"{PENALTY}/{path}" for path in self.terms.paths), f"{PENALTY}/activities"]
            means = totals / max(self.examples(), 1)
            values |= dict(zip(names, map(float, means), strict=True))
        return values

    def note(self, value: Any) -> None:
        """Takes what the loss of `compile` gave in the call of `compute_loss` that is going on."""
        self._data = value

    def measure(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Calls `compute_loss` and adds to the means what it is made of."""
        model = self._model()
        losses = model.losses
        self._data = None
        with _given(model, losses):
            total = call(*args, **kwargs)
        data, self._data = self._data, None
        parts = [ops.sum(ops.cast(loss, self.penalty.dtype)) for loss in losses]
        penalty = sum(parts, ops.zeros((), self.penalty.dtype))
        replicas = getattr(getattr(model, "distribute_strategy", None), "num_replicas_in_sync", 1)
        if type(model).compute_loss is not keras.Model.compute_loss:
            data = total * replicas - ops.cast(penalty, total.dtype)
        else:
            data = ops.zeros((), self.data_loss.dtype) if data is None else data * replicas
        leaves = tree.flatten((args, kwargs))
        count = ops.shape(next(leaf for leaf in leaves if hasattr(leaf, "shape")))[0]
        self.data_loss.update_state(ops.stop_gradient(data), sample_weight=count)
        self.penalty.update_state(ops.stop_gradient(penalty), sample_weight=count)
        if self.terms is not None:
            self.terms.update_state(parts, sample_weight=count)
        return total


class _Terms(keras.metrics.Metric):
    """Sums over the examples, of each weight's penalty and of all others, in one variable.

    It has no entry in Keras' logs, where each would be a transfer after each batch.
    """

    def __init__(self, paths):
        super().__init__(name="penalty_terms")
        self._find_paths = paths
        self.paths: Any = None
        self.total: Any = None

    def build(self):
        self.paths = self._find_paths()
        self.total = self.add_variable((len(self.paths) + 1,), "zeros", name="total")

    def update_state(self, parts, sample_weight):
        if self.total is None:  # TensorFlow builds a model while it traces the first step
            self.build()
        weights = len(self.paths)
        others = parts[: len(parts) - weights]
        zero = ops.zeros((), self.dtype)
        values = ops.stack([*parts[len(others) :], sum(others, zero)])
        values = ops.stop_gradient(values) * ops.cast(sample_weight, self.dtype)
        self.total.assign_add(values)

    def reset_state(self):
        if self.total is not None:
            self.total.assign(ops.zeros(self.total.shape, self.dtype))

    def result(self):
        return {}


def meter_of(model: Any) -> PenaltyMeter | None:
    """Returns the meter that is attached to a model, None if there is none."""
    return getattr(vars(model).get("compute_loss"), "meter", None)


def _measured(meter, call):
    def compute_loss(*args, **kwargs):
        return meter.measure(call, *args, **kwargs)

    vars(compute_loss)["meter"] = meter
    return compute_loss


def _noting(meter, call):
    def noted(*args, **kwargs):
        value = call(*args, **kwargs)
        meter.note(value)
        return value

    return noted


def _detaching_first(meter, make):
    def made(*args, **kwargs):
        if meter.outlived():
            meter.detach()
        return make(*args, **kwargs)

    return made


def _mean(name):
    metric = keras.metrics.Mean(name=name)
    metric._direction = "down"
    return metric


@contextlib.contextmanager
def _given(model, losses):
    """Lets `Model.losses` give these, within it."""
    before = model._losses_override
    object.__setattr__(model, "_losses_override", losses)
    try:
        yield
    finally:
        object.__setattr__(model, "_losses_override", before)


def _strategy_scope(model):
    strategy = getattr(model, "distribute_strategy", None)
    return strategy.scope() if strategy is not None else contextlib.nullcontext()
