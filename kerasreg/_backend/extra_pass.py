"""Passes of a model beside the one of the training step, which leave nothing behind.

What a pass changes, the moving statistics of batch normalization above all, is dropped; only the
random layers go on, so that no two passes draw the same masks.

Private attributes of Keras: `Layer._seed_generators`, where it has the generators of a layer; and
`Layer._losses` and `Layer._loss_ids`, what a layer has added to the loss in its last call, which
every call of a model begins by forgetting.
"""

import contextlib
from collections.abc import Callable
from typing import Any

import keras

from kerasreg._backend.every_layer import every_layer


def extra_pass(model: keras.Model, function: Callable[[], Any]) -> Any:
    """Returns what a function returns that calls a model, whose variables stay as they are.

    Weights have their gradients as in any call. The model's losses are those of its own pass.

    Args:
        model: The model, or a model that has it inside.
        function: A function without arguments. Several calls in it draw one after the other.
    """
    variables = [*model.trainable_variables, *model.non_trainable_variables]
    pairs = [(each, each.value) for each in variables]
    with _kept_losses(model), keras.StatelessScope(pairs) as scope:
        result = function()
    for state in _random_states(model):
        state.assign(scope.get_current_value(state))
    return result


def same_draws(model: keras.Model) -> Callable[[Callable[[], Any]], Any]:
    """Returns a function that calls functions, each with the model as it is now.

    All of them draw the same masks, and none sees what another one has changed. It belongs within
    `extra_pass`, after which the random layers go on from the last of them.
    """
    variables = list(model.non_trainable_variables)
    before = [each.value for each in variables]

    def run(function):
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
        return function()

    return run


@contextlib.contextmanager
def _kept_losses(model):
    layers = [model, *every_layer(model)]
    before = [(list(each._losses), set(each._loss_ids)) for each in layers]
    try:
        yield
    finally:
        for layer, (losses, ids) in zip(layers, before, strict=True):
            layer._losses[:] = losses
            layer._loss_ids.clear()
            layer._loss_ids.update(ids)


def _random_states(model):
    generators = [
        generator
        for layer in [model, *every_layer(model)]
        for generator in getattr(layer, "_seed_generators", ())
    ]
    return list({id(each.state): each.state for each in generators}.values())
