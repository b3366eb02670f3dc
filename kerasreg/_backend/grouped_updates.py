"""An optimizer that treats groups of weights each in its own way.

Keras has one learning rate and one weight decay for all weights. Both are given out in methods that
all optimizers share, of which an instance may have its own:

- `update_step(gradient, variable, learning_rate)`, which is public;
- `_parallel_update_step(gradients, variables, learning_rate)` in its place on PyTorch;
- `_apply_weight_decay(variables)`, which decays them by the attribute `weight_decay` (and, of
  `Muon`, `adam_weight_decay`);
- `_get_variable_index(variable)`, which also knows the variables of replicas.

The replicas of a distribution strategy run in threads that take turns within these methods, so that
an instance has its own for good, not for the time of one update.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras


def group_updates(optimizer: Any, factors: Sequence[float], decays: Sequence[float]) -> None:
    """Gives an optimizer a learning rate and a weight decay for each variable, from now on.

    Args:
        optimizer: A built optimizer of Keras.
        factors: For each of its variables, what the learning rate is multiplied by.
        decays: For each of its variables, the weight decay, which is multiplied by the learning
            rate and by the factor.
    """
    parallel = hasattr(optimizer, "_parallel_update_step")
    name = "_parallel_update_step" if parallel else "update_step"
    vars(optimizer).pop(name, None)
    if any(factor != 1 for factor in factors):
        wrapped = _in_groups if parallel else _one_by_one
        vars(optimizer)[name] = wrapped(optimizer, _of_class(optimizer, name), factors)
    vars(optimizer)["_apply_weight_decay"] = _decaying(optimizer, factors, decays)


def _of_class(optimizer: Any, name: str) -> Callable[..., Any]:
    return getattr(type(optimizer), name).__get__(optimizer)


def updates_in_groups(optimizer: Any) -> bool:
    """Returns whether an update of a part of the variables leaves the others' as they are.

    `Nadam` on PyTorch advances a product over the steps with each part.
    """
    parallel = hasattr(optimizer, "_parallel_update_step")
    return not (parallel and isinstance(optimizer, keras.optimizers.Nadam))


def _one_by_one(optimizer, update, factors):
    def update_step(gradient, variable, learning_rate):
        factor = factors[optimizer._get_variable_index(variable)]
        return update(gradient, variable, learning_rate * factor)

    return update_step


def _in_groups(optimizer, update, factors):
    def update_step(gradients, variables, learning_rate):
        pairs = list(zip(gradients, variables, strict=True))
        of = [factors[optimizer._get_variable_index(variable)] for variable in variables]
        for factor in dict.fromkeys(of):
            part = [pair for pair, each in zip(pairs, of, strict=True) if each == factor]
            update(*map(list, zip(*part, strict=True)), learning_rate * factor)

    return update_step


def _decaying(optimizer, factors, decays):
    apply = _of_class(optimizer, "_apply_weight_decay")
    names = [each for each in ("weight_decay", "adam_weight_decay") if hasattr(optimizer, each)]
    before = {name: getattr(optimizer, name) for name in names}

    def apply_weight_decay(variables):
        indices = [optimizer._get_variable_index(variable) for variable in variables]
        of = [factors[index] * decays[index] for index in indices]
        try:
            for decay in filter(None, dict.fromkeys(of)):
                vars(optimizer).update(dict.fromkeys(names, decay))
                apply([v for v, each in zip(variables, of, strict=True) if each == decay])
        finally:
            vars(optimizer).update(before)

    return apply_weight_decay
