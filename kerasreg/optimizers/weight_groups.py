"""A learning rate and a weight decay for each weight."""

from typing import Any

import keras

from kerasreg import _checks
from kerasreg._backend.grouped_updates import group_updates, updates_in_groups
from kerasreg._register import register
from kerasreg.optimizers import _wrapped_optimizer
from kerasreg.optimizers._wrapped_optimizer import base_config, build_once, wrapped_optimizer

_KEYS = ("path", "weight_decay", "learning_rate_factor")
_EXPECTED = f"a list of dictionaries with {', '.join(map(repr, _KEYS))}"


@register
class WeightGroups(keras.optimizers.Optimizer):
    """Learning rates and decoupled weight decay by weight.

    Another optimizer makes the updates, of each weight w with a learning rate and a decay of its
    own:

        w <- w - factor * learning_rate * weight_decay * w, then
        the update of `base` with the learning rate factor * learning_rate

    `kerasreg.models.weight_decay_groups` makes one for a model, by rules. All else is that of
    `base`: learning-rate schedules, clipping, gradient accumulation (one decay for each update),
    `use_ema`, and what its `exclude_from_weight_decay` leaves out. Its own `weight_decay` is not
    used. For mixed precision Keras puts a `LossScaleOptimizer` around it.

    Weights are known by their paths when training begins, also where a model is loaded or nested
    and its path is added or missing; where paths have changed otherwise, as they may have in a
    loaded model of a class of one's own, or name several weights, by their order.

    No known difference from the paper on weight decay; its schedule multiplier is the learning
    rate, as in all implementations in circulation.

    Args:
        base: The optimizer that makes the updates, and is of use here only from then on, or its
            name, such as "adam". Not one that holds another one: that goes around this one.
        groups: A list with a dictionary for each trainable weight of the model, in their order:
            `"path"`, the `path` of the variable, `"weight_decay"`, a float of at least 0, and
            `"learning_rate_factor"`, a float of at least 0.
        name: Name of the optimizer. Defaults to None, a name made of the class.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If a number in `groups` is negative or not finite; `base` holds another
            optimizer, or is `Nadam` on PyTorch with factors other than 1, or, when training begins,
            the model has a weight that `groups` has not.

    Example:
        >>> import keras, kerasreg
        >>> weight = keras.Variable([2.0], name="weight")
        >>> group = {"path": "weight", "weight_decay": 0.5, "learning_rate_factor": 0.1}
        >>> optimizer = kerasreg.optimizers.WeightGroups(keras.optimizers.SGD(1.0), [group])
        >>> optimizer.apply([keras.ops.array([1.0])], [weight])
        >>> round(float(weight[0]), 4)  # 2 - 0.1 * 0.5 * 2 - 0.1 * 1
        1.8

    Reference:
        Loshchilov, Hutter 2019, Decoupled Weight Decay Regularization, arXiv:1711.05101. Factors by
        layer: Howard, Ruder 2018, Universal Language Model Fine-tuning for Text Classification,
        arXiv:1801.06146.
    """

    def __init__(self, base, groups, *, name=None):
        super().__init__(learning_rate=0.0, name=name)
        self.base = wrapped_optimizer(base, self)
        if hasattr(self.base, "inner_optimizer") or hasattr(self.base, "optimizers"):
            fix = "Put that one around this one."
            _checks.refuse("base", base, self, "an optimizer that holds no other one", fix=fix)
        # Keras wraps lists in attributes of an optimizer.
        own: Any = vars(self)
        own["groups"] = [_checked(group, self) for group in _list(groups, self)]
        factors = {group["learning_rate_factor"] for group in self.groups}
        if factors != {1.0} and not updates_in_groups(self.base):
            expected = (
                "an optimizer other than Nadam, which on PyTorch has one rate for all weights"
            )
            _checks.refuse("base", base, self, expected)

    def build(self, variables):
        """Makes the variables of the optimizer inside, and finds the group of each weight."""
        if not self.built:
            self.base.build(variables)
            super().build(variables)
            found = self._groups_of(variables)
            factors = [group["learning_rate_factor"] for group in found]
            group_updates(self.base, factors, [group["weight_decay"] for group in found])

    def _groups_of(self, variables):
        by_path: dict[str, list] = {}
        for group in self.groups:
            by_path.setdefault(group["path"], []).append(group)
        meant = [by_path.get(each.path) or self._of_tail(each.path) for each in variables]
        is_clear = [groups and all(group == groups[0] for group in groups) for groups in meant]
        if all(is_clear):
            return [groups[0] for groups in meant]
        if len(variables) == len(self.groups):
            return self.groups
        unclear = [each.path for each, clear in zip(variables, is_clear, strict=True) if not clear]
        expected = "one group for each weight, which is not so for "
        expected += ", ".join(map(repr, unclear[:3]))
        fix = "Make the optimizer when the model is as it will be trained."
        return _checks.refuse("groups", f"{len(self.groups)} groups", self, expected, fix=fix)

    def _of_tail(self, path):
        """Returns the groups whose paths are the end of another path, or end with it."""
        return [
            group
            for group in self.groups
            if f"/{group['path']}".endswith(f"/{path}") or path.endswith(f"/{group['path']}")
        ]

    def apply(self, grads, trainable_variables=None):
        """Makes an update."""
        build_once(self, trainable_variables)
        self.base.apply(grads, trainable_variables)

    variables = _wrapped_optimizer.variables
    inner_optimizer = _wrapped_optimizer.inner_optimizer
    iterations = _wrapped_optimizer.iterations
    learning_rate = _wrapped_optimizer.learning_rate
    loss_scale_factor = _wrapped_optimizer.loss_scale_factor
    scale_loss = _wrapped_optimizer.scale_loss
    finalize_variable_values = _wrapped_optimizer.finalize_variable_values
    exclude_from_weight_decay = _wrapped_optimizer.exclude_from_weight_decay

    def get_config(self):
        """Returns the arguments."""
        return {**base_config(self), "groups": [dict(group) for group in self.groups]}


def _list(groups, owner):
    if not isinstance(groups, list | tuple):
        _checks.refuse("groups", groups, owner, _EXPECTED, error=TypeError)
    if not groups:
        _checks.refuse("groups", groups, owner, f"{_EXPECTED}, one or more")
    return groups


def _checked(group, owner):
    if (
        not isinstance(group, dict)
        or set(group) != set(_KEYS)
        or not isinstance(group["path"], str)
    ):
        _checks.refuse("groups", group, owner, _EXPECTED, error=TypeError)
    numbers = {key: _checks.number(key, group[key], owner, low=0) for key in _KEYS[1:]}
    return {"path": group["path"], **numbers}
