"""What a rule of `regularize` is, and what it says about a model.

A rule is a small immutable class in its own file. It has one method:

    changes(model, owner) -> list of Change

which looks at a model without touching it and says what would be done to it: a change for each
weight, output or place that it means, at least one. It raises the error of `_checks` where it means
nothing or cannot be followed; `owner` stands for the rule in that error (`_where.layers_where`
takes it too).

`regularize` gathers the changes of all rules on the same original model, makes the new model from
all replacements and insertions in one edit, and then puts the penalties and constraints on that.
So a rule never sees what another one inserts.
"""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import keras


@dataclass(frozen=True, kw_only=True, eq=False)
class Change:
    """One thing that a rule does to a model.

    Args:
        path: Where: the path of the layer, or of a weight, in the original model.
        layer: The layer of the original model.
        what: What is done there, for the table: "L2(l2=0.01)", "Dropout(rate=0.1) after". Equal
            words at layers of one class stand in one row.
        on: What of the layer it is done to, for the table: the name of a weight, "outputs", or
            nothing.
    """

    path: str
    layer: keras.layers.Layer
    what: str
    on: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightChange(Change):
    """A penalty or constraint on a weight.

    Args:
        weight: The variable of the original model; `layer` is its owner.
        kind: "regularizer" or "constraint", the attribute of the variable.
        value: The regularizer or constraint.
    """

    weight: keras.Variable
    kind: str
    value: Any


@dataclass(frozen=True, kw_only=True, eq=False)
class ActivityChange(Change):
    """A penalty on the outputs of a layer."""

    value: keras.regularizers.Regularizer


@dataclass(frozen=True, kw_only=True, eq=False)
class Replacement(Change):
    """A layer that gives place to another: one item of `replacements` of `_edited.edited`."""

    item: Any


@dataclass(frozen=True, kw_only=True, eq=False)
class Insertion(Change):
    """Something put into the graph: one item of `insertions` of `_edited.edited`."""

    item: Any


@runtime_checkable
class Rule(Protocol):
    """What `regularize` takes."""

    def changes(self, model: keras.Model, owner: object) -> list[Change]:
        """Returns what the rule does to a model, which it leaves as it is."""
