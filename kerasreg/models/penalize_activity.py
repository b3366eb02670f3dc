"""A rule of `regularize`: a penalty on the outputs of layers."""

from dataclasses import dataclass
from typing import Any, NoReturn

import keras

from kerasreg import _checks
from kerasreg._backend.every_layer import every_layer
from kerasreg._where import layers_where
from kerasreg.models._change import ActivityChange
from kerasreg.models._described import described
from kerasreg.models._levels import is_graph
from kerasreg.models._penalty_argument import checked_penalty

_ATTENTION = (keras.layers.MultiHeadAttention, keras.layers.GroupQueryAttention)


@dataclass(frozen=True)
class PenalizeActivity:
    """Rule for `kerasreg.regularize`: a penalty on the outputs of layers.

    As `activity_regularizer` of a layer: each call adds the penalty of its outputs, divided by the
    size of the batch, to the loss. A layer that is called twice adds it twice.

    Some layers have no such penalty in Keras, and are refused with the reason: what is inside of
    `TimeDistributed` (which takes it itself), cells of recurrent layers, attention layers, and
    models (name their last layers).

    Args:
        penalty: A regularizer of kerasreg or Keras, "l1" or "l2".
        where: Which layers: a glob for their names, or for their paths if it has a slash; a
            compiled regular expression, searched for in the path; a class; a layer; a function
            of a layer; or a list of these, of which any is enough. Layers inside of these are
            not meant.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is no possible value.

    Example:
        >>> import keras, kerasreg
        >>> layers = [keras.Input((4,)), keras.layers.Dense(8, name="code"), keras.layers.Dense(4)]
        >>> model = keras.Sequential(layers)
        >>> rule = kerasreg.models.PenalizeActivity(kerasreg.regularizers.L1(1e-3), "code")
        >>> model = kerasreg.regularize(model, rule, show=False)
        >>> model.get_layer("code").activity_regularizer.l1
        0.001

    Reference:
        Glorot, Bordes, Bengio 2011, Deep Sparse Rectifier Neural Networks, AISTATS, section 3.2.
    """

    penalty: keras.regularizers.Regularizer | str
    where: Any

    def __post_init__(self):
        object.__setattr__(self, "penalty", checked_penalty(self.penalty, self))
        if self.where is None:
            _checks.refuse("where", None, self, "the layers that are meant", error=TypeError)

    def changes(self, model: keras.Model, owner: object) -> list[ActivityChange]:
        """Returns the layers of a model whose outputs get the penalty."""
        found = layers_where(
            model,
            self.where,
            owner,
            of=lambda layer: not isinstance(layer, keras.layers.InputLayer),
        )
        reasons = _reasons_against(model)
        for path, layer in found:
            if id(layer) in reasons:
                _refuse(path, reasons[id(layer)], owner)
        what = described(self.penalty)
        return [
            ActivityChange(path=path, layer=layer, what=what, on="outputs", value=self.penalty)
            for path, layer in found
        ]


def _reasons_against(model: keras.Model) -> dict[int, str]:
    """Returns why layers cannot have a penalty on their outputs, by their ids."""
    reasons = {}
    for layer in every_layer(model):
        if isinstance(layer, _ATTENTION):
            reasons[id(layer)] = "an attention layer hands it on to its projections"
        elif is_graph(layer):
            reasons[id(layer)] = "a model does not save it: name its last layer"
        if isinstance(layer, keras.layers.TimeDistributed):
            why = "`TimeDistributed` leaves out the penalties of what it wraps: name it itself"
            reasons |= {id(inside): why for inside in every_layer(layer)}
        elif isinstance(layer, keras.layers.RNN):
            why = "a recurrent layer calls its cell at each step: name the recurrent layer"
            reasons |= {id(inside): why for inside in every_layer(layer)}
    return reasons


def _refuse(path: str, reason: str, owner: object) -> NoReturn:
    expected = f"layers whose outputs can have a penalty; {path!r} cannot: {reason}"
    _checks.refuse("where", path, owner, expected)
