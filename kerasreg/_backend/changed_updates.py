"""A change of weights at the end of each update, within the compiled training step.

Keras calls the constraint of a weight after each update: there the change is made, with the state
that the optimizer had for the update, on every backend and in every step of an execution. The
weights have these constraints and the regularizers that go with them while the training step runs
(or is traced) and at no other time.

Private attributes of Keras: `_trainable_variables` and `_iterations` of an optimizer, whose public
`iterations` does not tell at which of several accumulated gradients it stands.
"""

import contextlib
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from kerasreg._backend.running_fit import running_fit
from kerasreg._backend.single_optimizers import single_optimizers


@dataclass(frozen=True)
class Change:
    """What is done to one weight.

    Args:
        weight: The weight.
        regularizer: Its regularizer in the training step.
        operator: A function of the weight's value and the step size, which returns the new value.
            The constraint of the weight comes after it.
    """

    weight: Any
    regularizer: Callable[..., Any] | None
    operator: Callable[..., Any]


class ChangedUpdates:
    """A model's training step in which weights are changed after each update.

    The step is traced anew for one `fit`, and takes itself away when it is called outside of it:
    no one is told of an exception in `fit`.

    Args:
        model: A compiled model that is in a `fit`.
        changes: What is done to the weights.
    """

    def __init__(self, model: Any, changes: list[Change]):
        self._model: Callable[[], Any] = weakref.ref(model)
        fit = running_fit(model)
        self._within: Any = weakref.ref(fit.callbacks) if fit else None
        self._changes = changes
        self._step: Any = None
        self._changed: set[int] = set()

    def ensure(self) -> None:
        """Gives the model its step, unless it has it: other callbacks make new ones, too."""
        model = self._model()
        if self._step is not None and model.train_function is self._step:
            return
        with _own_train_step(model):
            model.make_train_function(force=True)
        self._step = self._guarded(model.train_function)
        model.train_function = self._step

    def detach(self) -> None:
        """Lets the model make a step of its own again."""
        model = self._model()
        if model is not None and self._step is not None and model.train_function is self._step:
            model.train_function = None
        self._within = None

    def left_out(self) -> list[Any]:
        """Returns the weights that no update has changed so far."""
        weights = [change.weight for change in self._changes]
        return [weight for weight in weights if id(weight) not in self._changed]

    def _guarded(self, made: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any) -> Any:
            model = self._model()
            fit = running_fit(model)
            if self._within is None or fit is None or fit.callbacks is not self._within():
                model.make_train_function(force=True)
                return model.train_function(*args)
            with self._within_step():
                return made(*args)

        return step

    @contextlib.contextmanager
    def _within_step(self):
        before = [(c.weight, c.weight.regularizer, c.weight.constraint) for c in self._changes]
        optimizer = self._model().optimizer
        try:
            for change in self._changes:
                weight = change.weight
                weight.constraint = self._changing(change, weight.constraint, optimizer)
                weight.regularizer = change.regularizer
            yield
        finally:
            for weight, regularizer, constraint in before:
                weight.regularizer, weight.constraint = regularizer, constraint

    def _changing(self, change, constraint, optimizer):
        def changed(value):
            weight = change.weight
            self._changed.add(id(weight))
            singles = single_optimizers(optimizer)
            own = next((each for each in singles if _trains(each, weight)), optimizer)
            value = ops.convert_to_tensor(value)
            new = ops.cast(change.operator(value, step_size(own)), value.dtype)
            if own.gradient_accumulation_steps:
                steps = own._iterations + 1
                updated = ops.equal(steps % own.gradient_accumulation_steps, 0)
                new = ops.where(updated, new, value)
            return new if constraint is None else constraint(new)

        return changed


def step_size(optimizer: Any) -> Any:
    """Returns by how much the gradient of a step moves the weights in the long run.

    That is the learning rate, for SGD with momentum `learning_rate / (1 - momentum)`.
    """
    rate = ops.convert_to_tensor(optimizer.learning_rate)
    if isinstance(optimizer, keras.optimizers.SGD):
        return rate / (1 - optimizer.momentum)
    return rate


def _trains(optimizer, weight):
    return any(each is weight for each in optimizer._trainable_variables)


@contextlib.contextmanager
def _own_train_step(model):
    """Makes a function of its own of `train_step`: JAX takes the program of an equal one."""
    own, train_step = vars(model), model.train_step
    before = own.get("train_step")
    own["train_step"] = lambda *args: train_step(*args)
    try:
        yield
    finally:
        del own["train_step"]
        if before is not None:
            own["train_step"] = before
