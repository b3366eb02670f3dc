"""A rule of `regularize`: a constraint on weights."""

from dataclasses import dataclass, field
from typing import Any

import keras

from kerasreg import _checks
from kerasreg.models._change import WeightChange
from kerasreg.models._chosen_weights import checked_names, checked_ranks, chosen_weights
from kerasreg.models._described import described
from kerasreg.models._penalty_argument import check_saved

_EXPECTED = "a keras.constraints.Constraint, or the name of one, such as 'max_norm'"


@dataclass(frozen=True)
class Constrain:
    """Rule for `kerasreg.regularize`: a constraint on weights of a model.

    Each weight that is meant by `where`, `weights` and `rank` together gets the constraint, to
    which the optimizer brings it back after each step. Its value is left as it is until then.

    Args:
        constraint: A constraint, or the name of one in Keras.
        where: Which layers, as in `Penalize`. Defaults to None, all of them.
        weights: Names of weights, as in `Penalize`. Defaults to None, kernels of every kind and
            embeddings.
        rank: The number of axes that a weight has, as in `Penalize`. Defaults to None, any.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is no possible value.

    Example:
        >>> import keras, kerasreg
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        >>> rule = kerasreg.models.Constrain(keras.constraints.MaxNorm(3.0))
        >>> model = kerasreg.regularize(model, rule, show=False)
        >>> model.layers[0].get_config()["kernel_constraint"]["class_name"]
        'MaxNorm'

    Reference:
        Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014, Dropout: A Simple Way to
        Prevent Neural Networks from Overfitting, JMLR 15, section 5.1.
    """

    constraint: keras.constraints.Constraint | str
    where: Any = None
    weights: Any = field(default=None, kw_only=True)
    rank: Any = field(default=None, kw_only=True)

    def __post_init__(self):
        object.__setattr__(self, "constraint", _checked_constraint(self.constraint, self))
        object.__setattr__(self, "weights", checked_names(self.weights, self))
        object.__setattr__(self, "rank", checked_ranks(self.rank, self))

    def changes(self, model: keras.Model, owner: object) -> list[WeightChange]:
        """Returns the weights of a model that get the constraint."""
        return [
            WeightChange(
                path=path,
                layer=layer,
                what=described(self.constraint),
                on=weight.name,
                weight=weight,
                kind="constraint",
                value=self.constraint,
            )
            for path, layer, weight in chosen_weights(
                model, self.where, self.weights, self.rank, owner
            )
        ]


def _checked_constraint(constraint: Any, owner: object) -> keras.constraints.Constraint:
    if isinstance(constraint, str):
        try:
            constraint = keras.constraints.get(constraint)
        except ValueError:
            _checks.refuse("constraint", constraint, owner, _EXPECTED)
    _checks.instance("constraint", constraint, owner, keras.constraints.Constraint, _EXPECTED)
    check_saved("constraint", constraint, owner)
    return constraint
