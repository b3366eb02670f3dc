"""Several penalties as one."""

import keras

from kerasreg import _checks
from kerasreg._register import register


@register
class Sum(keras.regularizers.Regularizer):
    """Sum of penalties.

    Adds all of the penalties to the loss: a layer of Keras has one argument for one regularizer.

    Only combines penalties; there is no paper.

    Args:
        *penalties: Regularizers, of kerasreg or Keras, one or more.

    Raises:
        TypeError: If one is no regularizer; functions are refused, as Keras saves a model with
            one that it cannot load.
        ValueError: If there is none.

    Example:
        >>> import keras, kerasreg
        >>> from kerasreg.regularizers import L1, Orthogonal
        >>> penalty = kerasreg.regularizers.Sum(L1(0.5), Orthogonal(1.0))
        >>> float(penalty(keras.ops.eye(2)))
        1.0

    Reference:
        The best known sum: Zou, Hastie 2005, Regularization and Variable Selection via the Elastic
        Net, JRSS B 67(2).
    """

    def __init__(self, *penalties):
        if not penalties:
            _checks.refuse("penalties", penalties, self, "one regularizer or more")
        kind = keras.regularizers.Regularizer
        for penalty in penalties:
            fix = "They are arguments of their own: Sum(*penalties)." * isinstance(penalty, list)
            _checks.instance("penalties", penalty, self, kind, "Keras regularizers", fix=fix)
        self.penalties = penalties

    def __call__(self, x):
        return sum(penalty(x) for penalty in self.penalties)

    def left_out(self, x):
        """Returns the values of the folded ones, which a call leaves out; 0 where none is."""
        parts = [penalty for penalty in self.penalties if hasattr(penalty, "left_out")]
        return sum(penalty.left_out(x) for penalty in parts)

    def get_config(self):
        saved = map(keras.saving.serialize_keras_object, self.penalties)
        return {"penalties": list(saved)}

    @classmethod
    def from_config(cls, config):
        return cls(*map(keras.saving.deserialize_keras_object, config["penalties"]))
