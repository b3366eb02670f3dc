"""A training step whose gradient is taken at another point than where the weights are.

Written once for all backends, on what Keras has for JAX: calls of a model with given values of its
variables, which change none. Private attributes of Keras, which it uses in its own steps in the
same way: `Model._losses_override`, through which `compute_loss` has the penalties of a call, and
`Model._loss_tracker`; and `Model._symbolic_build`, which makes what is not made yet.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops, tree

from kerasreg._backend.gradients import value_and_gradients
from kerasreg._backend.training_step import at_step

Move = Callable[[Sequence[Any], Sequence[Any]], list[Any]]


def two_point_step(model: keras.Model, move: Move, *arguments: Any) -> Any:
    """Does what `Model.train_step` does, with the gradient at the point that `move` gives.

    The first pass, at the weights as they are, is the one of which loss, outputs, metrics and the
    moving statistics of layers come. The second one starts from the same state of all layers, so
    that it draws the same masks, and leaves nothing but its gradient.

    Args:
        model: A compiled model.
        move: A function of the values of the weights and of their gradients, which are scaled as
            the optimizer scales the loss; it returns the values at the second point.
        arguments: Those of `train_step`: the data, and on JAX the state before them.
    """
    if keras.config.backend() == "jax":
        return _step_of_jax(model, move, *arguments)
    x, y, weight = keras.utils.unpack_x_y_sample_weight(*arguments)
    # TensorFlow makes the metrics of several outputs in its first step, but not in such a call.
    model._symbolic_build(data_batch=(x, y, weight))
    lists = (model.trainable_variables, model.non_trainable_variables, model.metrics_variables)
    state = [_values(variables) for variables in lists]
    loss, y_pred, gradients, *changed = _gradients(
        model, move, state, (x, y, weight), model.optimizer.scale_loss
    )
    for variables, before, after in zip(lists[1:], state[1:], changed, strict=True):
        _assign(variables, before, after)
    model._loss_tracker.update_state(loss * _replicas(model), sample_weight=_examples(x))
    model.optimizer.apply(gradients, model.trainable_variables)
    return model.compute_metrics(x, y, y_pred, sample_weight=weight)


def _step_of_jax(model, move, state, data):
    x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
    trainable, non_trainable, of_optimizer, metrics = state

    def scale_loss(loss):
        pairs = zip(model.optimizer.variables, of_optimizer, strict=True)
        with keras.StatelessScope(list(pairs)):
            return model.optimizer.scale_loss(loss)

    pairs = zip(model.optimizer.variables, of_optimizer, strict=True)
    with keras.StatelessScope(list(pairs)):
        step = ops.cast(model.optimizer.iterations, "int32")
    with at_step(step):  # for penalties whose strength is a schedule
        loss, y_pred, gradients, non_trainable, metrics = _gradients(
            model, move, (trainable, non_trainable, metrics), (x, y, weight), scale_loss
        )
    trainable, of_optimizer = model.optimizer.stateless_apply(of_optimizer, gradients, trainable)
    variables = model.metrics_variables
    with keras.StatelessScope(list(zip(variables, metrics, strict=True))) as scope:
        model._loss_tracker.update_state(loss, sample_weight=_examples(x))
        logs = model.compute_metrics(x, y, y_pred, weight)
    metrics = [scope.get_current_value(each) for each in variables]
    return logs, (trainable, non_trainable, of_optimizer, metrics)


def _gradients(model, move, state, data, scale_loss):
    """Returns loss and outputs of the first pass, the gradients of the second, and new values."""
    trainable, non_trainable, metrics = state
    x, y, weight = data

    def loss_at(trainable):
        y_pred, changed, losses = model.stateless_call(
            trainable, non_trainable, x, return_losses=True, training=True
        )
        before = model._losses_override
        object.__setattr__(model, "_losses_override", losses)
        try:
            loss, (_, changed, measured) = model.stateless_compute_loss(
                trainable,
                changed,
                metrics,
                x=x,
                y=y,
                y_pred=y_pred,
                sample_weight=weight,
                training=True,
            )
        finally:
            object.__setattr__(model, "_losses_override", before)
        return scale_loss(loss), (loss, y_pred, changed, measured)

    _, (loss, y_pred, changed, measured), first = value_and_gradients(
        loss_at, trainable, differentiable=False
    )
    moved = [ops.stop_gradient(each) for each in move(trainable, first)]
    _, _, second = value_and_gradients(loss_at, moved, differentiable=False)
    return (
        ops.stop_gradient(loss),
        y_pred,
        [ops.stop_gradient(each) for each in second],
        changed,
        measured,
    )


def _values(variables):
    # Copies: a tensor of PyTorch shares its memory with the variable.
    return [ops.copy(ops.stop_gradient(each.value)) for each in variables]


def _assign(variables, before, after):
    for variable, old, new in zip(variables, before, after, strict=True):
        if new is not old:
            variable.assign(new)


def _examples(x):
    return ops.shape(next(each for each in tree.flatten(x) if each is not None))[0]


def _replicas(model):
    return getattr(getattr(model, "distribute_strategy", None), "num_replicas_in_sync", 1)
