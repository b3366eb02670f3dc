"""The part of a regularizer that has a proximal operator, and the part that has a gradient."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._proximal import elastic_net_step

_L1_AND_ONE = "penalties of which at most one beside L1 has a proximal operator"


@dataclass(frozen=True)
class Parts:
    """A regularizer, taken apart.

    Args:
        proximal: What the proximal operator stands for: L1 penalties first.
        smooth: What is left to the gradient.
    """

    proximal: tuple[Any, ...]
    smooth: tuple[Any, ...]

    def __call__(self, weights: Any) -> Any:
        """Returns the penalty; only the smooth part of it has a gradient."""
        fixed = ops.stop_gradient(ops.convert_to_tensor(weights))
        held = sum(penalty(fixed) for penalty in self.proximal)
        return held + sum(penalty(weights) for penalty in self.smooth)

    def step(self, weights: Any, size: Any) -> Any:
        """Returns the weights after the proximal operator, for a step size."""
        for operator in filter(None, map(_operator, self.proximal)):
            weights = operator(weights, size)
        return weights

    def value(self, weights: Any) -> float:
        """Returns the penalty that the proximal operator stands for."""
        values = [penalty(weights) for penalty in self.proximal]
        return float(sum(float(ops.convert_to_numpy(value)) for value in values))


def parts_of(regularizer: Any, owner: object) -> Parts | None:
    """Returns a regularizer taken apart, None if it has no proximal operator.

    The operators of L1 and of one other penalty, after each other, are the operator of their sum;
    those of any two penalties are not.
    """
    every = [part for part in _flat(regularizer) if part is not None]
    proximal = [part for part in every if _operator(part) is not None]
    if not proximal:
        return None
    l1 = [part for part in proximal if isinstance(part, keras.regularizers.L1)]
    others = [part for part in proximal if not isinstance(part, keras.regularizers.L1)]
    if len(others) > 1:
        names = [type(part).__name__ for part in others]
        fix = "Put a SparseGroupLasso or an L1 in place of one, or choose other layers by `where`."
        _checks.refuse("model", f"a weight with {names}", owner, _L1_AND_ONE, fix=fix)
    return Parts((*l1, *others), tuple(part for part in every if part not in proximal))


def _flat(regularizer: Any) -> list[Any]:
    """Returns the parts of a `Sum`, or the regularizer alone."""
    parts = getattr(regularizer, "penalties", None)
    if parts is None:
        return [regularizer]
    return [each for part in parts for each in _flat(part)]


def _operator(penalty: Any) -> Callable[[Any, Any], Any] | None:
    if hasattr(penalty, "proximal"):
        return penalty.proximal
    if type(penalty) is keras.regularizers.L1:
        factors = float(ops.convert_to_numpy(penalty.l1)), 0.0
    elif type(penalty) is keras.regularizers.L1L2:
        factors = float(penalty.l1), float(penalty.l2)
    else:
        return None
    return lambda weights, step: elastic_net_step(_widened(weights), step, *factors)


def _widened(weights):
    dtype = keras.backend.result_type(weights.dtype, "float32")
    return ops.cast(weights, dtype)
