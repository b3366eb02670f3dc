"""A rule of `regularize`: a penalty on weights."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras

from kerasreg import _checks
from kerasreg.models._change import WeightChange
from kerasreg.models._chosen_weights import checked_names, checked_ranks, chosen_weights
from kerasreg.models._described import described
from kerasreg.models._penalty_argument import checked_penalty


@dataclass(frozen=True)
class Penalize:
    """Rule for `kerasreg.regularize`: a penalty on weights of a model.

    Each weight that is meant by `where`, `weights` and `rank` together gets the penalty. Where
    several rules mean one weight, it gets their sum.

    Args:
        penalty: A regularizer of kerasreg or Keras; "l1" or "l2", with the factors that these
            have by default; or a function that takes a weight (a `keras.Variable` of the model as
            it is) and returns its regularizer, for penalties that differ:
            `lambda weight: L2SP(0.01, weight)` holds each weight where it is.
        where: Which layers: a glob for their names, or for their paths if it has a slash
            (`"block1_*"`, `"encoder/*"`; `*` also stands for slashes); a compiled regular
            expression, searched for in the path; a class; a layer; a function of a layer; or a
            list of these, of which any is enough. The layers inside of a layer belong to it.
            Defaults to None, all of them.
        weights: Names of weights, such as "bias": a glob, a compiled regular expression, or a list
            of these. Defaults to None: "kernel", "*_kernel" (depthwise, pointwise, recurrent) and
            "embeddings", so neither biases nor the weights of normalization layers.
        rank: The number of axes that a weight has, or a list of such numbers: 4 for kernels of
            two-dimensional convolutions, 2 for those of dense layers. Defaults to None, any.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is no possible value.

    Example:
        >>> import keras, kerasreg
        >>> from kerasreg.models import Penalize
        >>> from kerasreg.regularizers import L1, L2
        >>> layers = [keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1, name="head")]
        >>> model = keras.Sequential(layers)
        >>> rules = [Penalize(L2(1e-4), rank=2), Penalize(L1(1e-5), "head", weights="bias")]
        >>> model = kerasreg.regularize(model, rules, show=False)
        >>> [weight.regularizer is not None for weight in model.weights]
        [True, False, True, True]

    Reference:
        Krogh, Hertz 1991, A Simple Weight Decay Can Improve Generalization, NeurIPS.
    """

    penalty: keras.regularizers.Regularizer | Callable[..., Any] | str
    where: Any = None
    weights: Any = field(default=None, kw_only=True)
    rank: Any = field(default=None, kw_only=True)

    def __post_init__(self):
        if not _is_function(self.penalty):
            object.__setattr__(self, "penalty", checked_penalty(self.penalty, self))
        object.__setattr__(self, "weights", checked_names(self.weights, self))
        object.__setattr__(self, "rank", checked_ranks(self.rank, self))

    def changes(self, model: keras.Model, owner: object) -> list[WeightChange]:
        """Returns the weights of a model that get the penalty."""
        found = chosen_weights(model, self.where, self.weights, self.rank, owner)
        changes = []
        tried: set[tuple[Any, ...]] = set()
        for path, layer, weight in found:
            penalty: Any = self.penalty
            if _is_function(penalty):
                penalty = checked_penalty(penalty(weight), owner)
            kind = id(penalty), tuple(weight.shape), str(weight.dtype)
            if kind not in tried:
                _try_on(penalty, weight, path, owner)
                tried.add(kind)
            what = {"what": described(penalty), "on": weight.name}
            on = {"weight": weight, "kind": "regularizer", "value": penalty}
            changes.append(WeightChange(path=path, layer=layer, **what, **on))
        return changes


def _is_function(penalty: Any) -> bool:
    others = keras.regularizers.Regularizer, keras.constraints.Constraint, keras.layers.Layer, type
    return callable(penalty) and not isinstance(penalty, others)


def _try_on(penalty: Any, weight: keras.Variable, path: str, owner: object) -> None:
    """Raises if a penalty cannot be taken of a weight, as one with an axis of the wrong rank."""
    try:
        penalty(weight)
    except (TypeError, ValueError) as error:
        expected = f"a penalty for the weight {path!r} of the shape {tuple(weight.shape)}"
        _checks.refuse("penalty", described(penalty), owner, expected, fix=str(error))
