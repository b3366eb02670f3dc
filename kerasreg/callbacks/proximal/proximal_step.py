"""Penalties by their proximal operators, so that weights become exactly zero."""

from typing import Any

import keras
import numpy as np
from keras import ops

from kerasreg import _checks
from kerasreg._backend.changed_updates import Change, ChangedUpdates
from kerasreg._backend.every_layer import own_weights
from kerasreg._backend.single_optimizers import nested_optimizers, single_optimizers
from kerasreg._penalized_weights import weights_by_path
from kerasreg._register import register
from kerasreg._where import layers_where
from kerasreg.callbacks.proximal._operators import Parts, parts_of


@register
class ProximalStep(keras.callbacks.Callback):
    """Proximal gradient steps: sparse penalties that make weights exactly zero.

    The gradient of a penalty such as L1 pushes weights back and forth over zero; none is ever 0.
    With this callback, `fit` leaves the sparse penalties of the weights out of the gradient, and
    after each update of the optimizer, with step size t and penalty R, sets

        w = argmin_z 1/2 ||z - w||^2 + t R(z)

    That is soft thresholding for `L1`, `sign(w) max(|w| - t l1, 0)`, the same over `1 + 2 t l2` for
    `L1L2` and `ElasticNet`, `w_g max(1 - t strength sqrt(n_g) / ||w_g||, 0)` of each group for
    `GroupLasso`, and for `SparseGroupLasso` and the sum of an L1 and one of the others both after
    each other. The penalties are those that the weights have, of kerasreg or Keras' `L1` and
    `L1L2`; there are no strengths to give again. In a `kerasreg.regularizers.Sum`, other penalties
    (`L2`, `Orthogonal`) keep their gradient, and so does a penalty that is `Folded`, which is its
    gradient. A penalty of your own takes part if it has a method `proximal(weights, step)`.

    The step size is the optimizer's learning rate at that step, schedules included; for SGD with
    momentum `learning_rate / (1 - momentum)`, what a gradient moves a weight by in the long run.
    With these, training has the minimum of data loss + penalty for its fixed point. Optimizers that
    scale the gradient of each weight (Adam, RMSprop and their kin) have another: there the step is
    the learning rate alone, and the penalty is apart from the scaling, like the weight decay of
    AdamW. Weights become exactly zero as well, but a strength means another amount of sparsity,
    which does not depend on the scale of the loss.

    `loss` and `val_loss` include the penalties as ever, as do `PenaltyMonitor` and `penalty_report`
    (which has the fraction of zeros of each weight). The logs of each epoch get, for the weights
    with a proximal step as they are then,

        proximal_penalty = the sum of their sparse penalties
        sparsity = the share of their elements that are exactly 0

    The steps are part of the compiled training step, on every backend, and happen in each step of
    an execution of several (`steps_per_execution`), with accumulated gradients at each update. A
    constraint of the weight is applied after the proximal step. The model is traced anew in the
    first batch of each `fit`.

    Differs from the paper, which takes the gradient of all data, in the optimizer's own step in
    place of a plain one.

    Args:
        where: Which layers: a glob for their names, or for their paths if it has a slash
            (`"dense_*"`, `"encoder/*"`; `*` also stands for slashes); a compiled regular
            expression, searched for in the path; a class; a layer; a function of a layer; or a list
            of these, of which any is enough. Sparse penalties of other layers keep their gradient.
            Defaults to None, all layers with a sparse penalty on a weight that is trained.

    Raises:
        TypeError: In `fit`, if `where` is none of these.
        ValueError: In `fit`, if the model is not built, has no sparse penalty on a weight that is
            trained, or none that `where` matches, or if a weight has two with no common operator.
        RuntimeError: In `fit`, if the optimizer averages weights (`use_ema`, `Lookahead`), as
            averages are not zero, or does not update a weight; or if there are two of these
            callbacks.

    Example:
        >>> import keras, kerasreg
        >>> penalty = kerasreg.regularizers.L1(1.0)
        >>> dense = keras.layers.Dense(1, use_bias=False, kernel_regularizer=penalty)
        >>> model = keras.Sequential([keras.Input((2,)), dense])
        >>> model.compile(keras.optimizers.SGD(0.25), "mse")
        >>> x, y = keras.ops.eye(2), keras.ops.array([[4.0], [0.5]])
        >>> step = kerasreg.callbacks.ProximalStep()
        >>> history = model.fit(x, y, epochs=50, verbose=0, callbacks=[step])
        >>> model.get_weights()[0].round(4).tolist(), history.history["sparsity"][-1]
        ([[3.0], [0.0]], 0.5)

    Reference:
        Parikh, Boyd 2014, Proximal Algorithms, Foundations and Trends in Optimization 1(3).
        Combettes, Wajs 2005, Signal Recovery by Proximal Forward-Backward Splitting. The operator
        of a sum: Yu 2013, On Decomposing the Proximal Map, NeurIPS.
    """

    def __init__(self, *, where=None):
        super().__init__()
        self.where = where
        self._parts: dict[str, tuple[Any, Parts]] = {}
        self._updates: Any = None
        self._checked = False

    def on_train_begin(self, logs=None):
        self._refuse_averages()
        self._parts = self._weights()
        changes = [Change(weight, parts, parts.step) for weight, parts in self._parts.values()]
        self._updates = ChangedUpdates(self.model, changes)
        self._checked = False

    def on_train_batch_begin(self, batch, logs=None):
        self._updates.ensure()

    def on_train_batch_end(self, batch, logs=None):
        if not self._checked:
            self._refuse_left_out()
            self._checked = True

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs.update(self._measured())

    def on_train_end(self, logs=None):
        self._updates.detach()

    def _weights(self) -> dict[str, tuple[Any, Parts]]:
        trained = {id(weight) for weight in self.model.trainable_weights}
        found = {
            id(weight): (path, weight, parts)
            for path, weight in weights_by_path(self.model)
            if id(weight) in trained and (parts := parts_of(weight.regularizer, self)) is not None
        }

        def is_sparse(layer):
            return any(id(weight) in found for weight in own_weights(layer))

        called = "a layer with a sparse penalty on a weight that is trained"
        layers = layers_where(self.model, self.where, self, of=is_sparse, called=called)
        chosen = {id(weight) for _, layer in layers for weight in own_weights(layer)}
        return {found[each][0]: found[each][1:] for each in found if each in chosen}

    def _refuse_averages(self) -> None:
        every = nested_optimizers(self.model.optimizer)
        if any(hasattr(each, "slow_step_size") for each in every):
            reason = "Lookahead moves the weights between updates, to means that are not zero."
            _checks.impossible(self, reason, fix="Take the optimizer inside of it.")
        if any(each.use_ema for each in single_optimizers(self.model.optimizer)):
            reason = "The optimizer averages the weights (`use_ema`), and averages are not zero."
            _checks.impossible(self, reason, fix="Leave the averaging out.")

    def _refuse_left_out(self) -> None:
        left_out = {id(weight) for weight in self._updates.left_out()}
        paths = [path for path, (weight, _) in self._parts.items() if id(weight) in left_out]
        if paths:
            reason = f"The training step does not update {paths} by the optimizer of the model."
            fix = "Another ProximalStep may have them, or their layers may not be in use."
            _checks.impossible(self, reason, fix=fix)

    def _measured(self) -> dict[str, float]:
        penalty, zeros, size = 0.0, 0, 0
        for weight, parts in self._parts.values():
            penalty += parts.value(weight)
            array = ops.convert_to_numpy(ops.equal(weight.value, 0))
            zeros, size = zeros + int(np.count_nonzero(array)), size + array.size
        return {"proximal_penalty": penalty, "sparsity": zeros / max(size, 1)}

    def get_config(self):
        """Returns the arguments."""
        return {"where": self.where}

    @classmethod
    def from_config(cls, config):
        """Returns a callback with the arguments that `get_config` gave."""
        return cls(**config)
