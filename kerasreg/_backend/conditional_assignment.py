"""Variables that an optimizer changes in some steps only, at no cost in the others."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

Assignment = tuple[Any, Callable[..., Any], Sequence[Any]]


def assign_when(condition: Any, assignments: Sequence[Assignment]) -> None:
    """Assigns new values to variables if a condition holds.

    On TensorFlow it may be called within a replica, as an optimizer is; the condition has to be
    the same in all of them.

    Args:
        condition: A scalar tensor of booleans.
        assignments: A variable, a function, and the variables that the function takes beside the
            first one: `function(variable, *others)` is the new value.
    """
    backend = keras.config.backend()
    if backend == "tensorflow":
        _assign_in_graph(condition, assignments)
    elif backend == "jax":
        # A branch returns what is new: JAX has no assignment in it.
        values = ops.cond(
            condition,
            lambda: [_new_value(*each) for each in assignments],
            lambda: [variable.value for variable, _, _ in assignments],
        )
        for (variable, _, _), value in zip(assignments, values, strict=True):
            variable.assign(value)
    elif condition:
        for variable, function, others in assignments:
            variable.assign(_new_value(variable, function, others))


def _new_value(variable, function, others):
    return ops.cast(function(variable.value, *(each.value for each in others)), variable.dtype)


def _assign_in_graph(condition, assignments):
    from kerasreg._backend.tensorflow import tf

    strategy = tf.distribute.get_strategy()

    def assign_all():
        for variable, function, others in assignments:

            def assign(target, *values, function=function):
                target.assign(tf.cast(function(target, *values), target.dtype))

            others = tuple(each.value for each in others)
            strategy.extended.update(variable.value, assign, args=others, group=False)

    def assign_when_it_holds(_, condition):
        condition = strategy.experimental_local_results(condition)[0]
        tf.cond(condition, assign_all, lambda: None)

    replica = tf.distribute.get_replica_context()
    if replica is None:
        assign_when_it_holds(strategy, condition)
    else:  # the variables of all replicas are changed at once
        replica.merge_call(assign_when_it_holds, args=(condition,))
