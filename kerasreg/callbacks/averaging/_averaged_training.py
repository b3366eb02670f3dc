"""One `fit` whose weights are averaged."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import ops

from kerasreg import _checks
from kerasreg._backend.weight_averages import WeightAverages, attach, detach
from kerasreg.callbacks.averaging._saved_averages import Saved, SavedAverages
from kerasreg.callbacks.averaging._statistics import NewStatistics
from kerasreg.callbacks.averaging._step_counter import StepCounter


class AveragedTraining:
    """The averages of one `fit`, from the first update on, and what is saved of them.

    Args:
        model: The model.
        share: The share of the way that the averages go towards the weights, by `updates`.
        steps: Says after which steps.
        statistics: New statistics for the averages.
        saved: The folder in which they are saved, or None.
        owner: The callback, for errors.
    """

    def __init__(
        self,
        model: Any,
        share: Callable[[int], float],
        steps: StepCounter,
        statistics: NewStatistics,
        saved: SavedAverages | None,
        owner: Any,
    ):
        self.steps = steps
        self.updates = 0
        self._callback = owner  # whose `model` has its state in place on JAX
        self._share, self._statistics, self._saved = share, statistics, saved
        self._averages: WeightAverages | None = None
        self._entered: list[bool] = []
        self._saved_at: int | None = None
        self._begun = False
        detach(model)

    def begin(self) -> None:
        """Goes on with what was saved, once, when all callbacks have put the model in place."""
        if self._begun:
            return
        self._begun = True
        if self._saved is None:
            return
        self._saved.remove_partial()
        found = self._saved.load(self._iterations())
        if found is None:
            self._refuse_other_steps(self._saved.steps_with_averages())
            self._save()
        else:
            self._take_over(found)

    def after_batch(self, batch: int) -> None:
        """Takes the weights after a batch into the averages, if it is time."""
        if self.steps.advance(batch):
            self._update()
        if self.steps.is_last(batch):
            self._save()

    def after_steps(self) -> None:
        """Does what is due after the last step of an epoch, if it is not done."""
        if self.steps.end_epoch():
            self._update()
        self._save()

    def enter(self) -> None:
        """Puts the averages into the model until `leave`, if there are any."""
        self._entered.append(self._averages is not None)
        if self._averages is not None:
            self._averages.enter()

    def leave(self) -> None:
        """Ends what one call of `enter` began."""
        if self._entered.pop() and self._averages is not None:
            self._averages.leave()

    def settle(self) -> bool:
        """Gives the averages to the model for good; returns whether there are any."""
        if self._averages is None:
            return False
        self._averages.settle()
        self._entered = []
        return True

    def end(self) -> None:
        """Gives the averages to the model, and saves its own weights if there is a folder."""
        self.begin()  # in a training that was restarted when all of its epochs were over
        own = []
        if self._averages is not None and self._saved is not None and any(self._entered):
            own = self._averages.set_aside()
        if self.settle():
            self._save(own)
        self._averages = None
        detach(self._callback.model)

    def _update(self) -> None:
        if self._averages is None:
            self._averages = self._new_averages()
        else:
            self._averages.move(self._share(self.updates))
        self.updates += 1

    def _new_averages(self) -> WeightAverages:
        model = self._callback.model
        finish = self._statistics.set if self._statistics.needed(model) else None
        averages = WeightAverages(model, finish)
        attach(model, averages)
        return averages

    def _iterations(self) -> int:
        return int(ops.convert_to_numpy(self._callback.model.optimizer.iterations))

    def _save(self, own: Sequence[np.ndarray] = ()) -> None:
        if self._saved is None or (self._iterations() == self._saved_at and not own):
            return
        self._saved_at = self._iterations()
        state = {
            "iterations": self._saved_at,
            "kind": self._callback.kind,
            "updates": self.updates,
            "steps": self.steps.state(),
        }
        averages = [v.numpy() for v in self._averages.variables] if self._averages else []
        self._saved.save(Saved(state, averages, list(own)))

    def _refuse_other_steps(self, steps: Sequence[int]) -> None:
        if steps:
            expected = f"a folder with averages of step {self._iterations()}, or an empty one"
            there = " and ".join(map(str, steps))
            fix = f"It has those of step {there}: restore the model of that step, or empty it."
            self._refuse_folder(expected, fix)

    def _refuse_folder(self, expected: str, fix: str = "") -> None:
        owner = self._callback
        _checks.refuse("snapshot_dir", owner.snapshot_dir, owner, expected, fix=fix)

    def _take_over(self, found: Saved) -> None:
        if found.state["kind"] != self._callback.kind:
            self._refuse_folder(f"a folder with averages of kind {self._callback.kind!r}")
        weights = self._callback.model.weights
        shapes = [tuple(weight.shape) for weight in weights]
        for arrays in filter(None, (found.averages, found.own)):
            if shapes != [array.shape for array in arrays]:
                self._refuse_folder("a folder with averages of this model")
        for weight, value in zip(weights, found.own, strict=False):
            weight.assign(value)
        self.steps.set_state(found.state["steps"])
        self.updates, self._saved_at = found.state["updates"], found.state["iterations"]
        if self.updates:
            self._averages = self._new_averages()
            for variable, value in zip(self._averages.variables, found.averages, strict=True):
                variable.assign(value)
