"""Soft parameter sharing."""

from typing import Any

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._backend.compiled_constant import is_compiled_constant
from kerasreg._backend.own_precision import in_own_precision
from kerasreg._backend.rebuilding import places
from kerasreg._register import register
from kerasreg.regularizers._strength import at_present, penalty_strength
from kerasreg.regularizers._sums import as_loss, square_sum, widened
from kerasreg.schedules._strength import saved_strength


@register
class SoftSharing(keras.regularizers.Regularizer):
    """Soft parameter sharing: two layers' weights are pulled towards each other.

    Adds `strength * sum((w - v)^2)` to the loss, with `w` the weights that have this penalty and
    `v` those of another layer: related tasks have a layer each, nearly the same one. One layer
    for both is the limit of a large strength. The penalty belongs to one of the two layers; on
    both it counts twice.

    With `gradient="both"`, each side moves towards the other, if both are among the trained
    weights of the model; with "own", only `w` moves, and `v` leads. Where two models are to share
    softly, they go into one model that is trained, each with its inputs and outputs. `v` may
    also be left out of the model, and then only leads: on TensorFlow and PyTorch its value at
    each step counts; JAX takes what is not in the model for a constant, so that it has to be
    frozen there. A layer that is frozen pays no penalty, as in all of Keras.

    The reference is saved by the name of the layer (of a variable: by its path) and found again by
    `load_model`, `clone_model` and `from_config` among the layers of the model; two layers of that
    name are an error. If the model does not have the layer, the first use of the penalty
    raises, and `layer.kernel_regularizer.reference = other_layer` makes the connection again.

    Differs from the papers in nothing but the factor; the first shares the layers of two parsers,
    the second joins a generative and a discriminative model by a prior on the difference.

    Args:
        reference: The other layer, which may be built later, or one of its variables, of the shape
            of the weights that have the penalty.
        strength: Factor, a float of at least 0, or a schedule. Defaults to 0.01.
        weight: Name of the other layer's attribute that holds `v`. Defaults to "kernel". Not used
            where `reference` is a variable.
        gradient: "both" (the default) or "own".

    Raises:
        TypeError: If `reference` is neither a layer nor a variable, `strength` no number or
            `weight` no string.
        ValueError: If `strength` is negative or not finite, `gradient` is neither form, or, on
            use, the other layer has no such weight, has it in another shape, or is not built.
        RuntimeError: If, on use, a loaded model does not have the other layer, the reference is
            the layer itself, or JAX would take the other weights for a constant.

    Example:
        >>> import keras, kerasreg
        >>> one = keras.layers.Dense(2, kernel_initializer="ones")
        >>> one.build((None, 3))
        >>> penalty = kerasreg.regularizers.SoftSharing(one, strength=0.5)
        >>> other = keras.layers.Dense(2, kernel_initializer="zeros", kernel_regularizer=penalty)
        >>> other.build((None, 3))
        >>> float(other.losses[0])
        3.0

    Reference:
        Duong, Cohn, Bird, Cook 2015, Low Resource Dependency Parsing: Cross-lingual Parameter
        Sharing in a Neural Network Parser, ACL.
        Lasserre, Bishop, Minka 2006, Principled Hybrids of Generative and Discriminative Models,
        CVPR.
    """

    _reference: Any

    def __init__(self, reference, strength=0.01, *, weight="kernel", gradient="both"):
        self.reference = reference
        self.strength = penalty_strength("strength", strength, self)
        self.weight = _checks.instance("weight", weight, self, str, "the name of an attribute")
        self.gradient = _checks.choice("gradient", gradient, self, ("both", "own"))

    @property
    def reference(self):
        """The other layer or variable; None as long as a model made from configs has none."""
        if isinstance(self._reference, _Saved):
            found = self._reference.found()
            self._reference = self._reference if found is None else found
        return None if isinstance(self._reference, _Saved) else self._reference

    @reference.setter
    def reference(self, reference):
        kinds = (keras.layers.Layer, keras.Variable, _Saved)
        expected = "a keras.layers.Layer or a keras.Variable"
        self._reference = _checks.instance("reference", reference, self, kinds, expected)

    def __call__(self, x):
        variable = self._variable()
        other, own = in_own_precision(variable), _value(x)
        if own is other:
            reason = "A layer cannot share with itself: `reference` is the layer of the penalty."
            _checks.impossible(self, reason, fix="Give the two layers different names.")
        if tuple(own.shape) != tuple(other.shape):
            expected = f"weights of the shape {tuple(own.shape)}, that of the penalty's own weights"
            _checks.refuse("reference", tuple(other.shape), self, expected)
        if variable.trainable and is_compiled_constant(other, beside=own):
            reason = "JAX takes weights that are not in the model for constants of its training."
            fix = "Put both layers into one model, or freeze `reference` (`trainable = False`)."
            _checks.impossible(self, reason, fix=fix)
        own = widened(own)
        other = ops.cast(other, own.dtype)
        if self.gradient == "own":
            other = ops.stop_gradient(other)
        return as_loss(at_present(self.strength, own, self) * square_sum(own - other))

    def _variable(self):
        reference = self.reference
        if reference is None:
            fix = "Set it: `layer.kernel_regularizer.reference = other_layer`, for example."
            _checks.impossible(self, f"The model does not have {self._reference}.", fix=fix)
        if isinstance(reference, keras.Variable):
            return reference
        if not reference.built:
            _checks.refuse("reference", reference, self, "a layer that is built when it is used")
        variable = getattr(reference, self.weight, None)
        if not isinstance(variable, keras.Variable):
            expected = f"the name of a variable of the layer {reference.name!r}"
            _checks.refuse("weight", self.weight, self, expected)
        return variable

    def get_config(self):
        reference = self.reference
        saved = self._reference if reference is None else _Saved.of(reference)
        return {
            "reference": saved.description,
            "strength": saved_strength(self.strength),
            "weight": self.weight,
            "gradient": self.gradient,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "reference": _Saved(config["reference"], places())})


class _Saved:
    """A reference as it is saved, to be found in the models that are being made."""

    def __init__(self, description, rebuilt=()):
        self.description = description
        self._places = rebuilt

    @classmethod
    def of(cls, reference):
        if isinstance(reference, keras.layers.Layer):
            return cls({"layer": reference.name})
        return cls({"variable": _tail(reference)})

    def found(self):
        """Returns the layer or variable, from the innermost model that has it, or None."""
        for place in self._places:
            inside = {id(each): each for each in self._candidates(place)}
            if len(inside) > 1:
                raise ValueError(
                    f"SoftSharing refers to {self}, and the model has {len(inside)} of that name. "
                    "Give them different names."
                )
            if inside:
                return next(iter(inside.values()))
        return None

    def _candidates(self, place):
        for layer in place.layers():
            if layer.name == self.description.get("layer"):
                yield layer
            for variable in layer.variables:
                if _tail(variable) == self.description.get("variable"):
                    yield variable

    def __repr__(self):
        kind, name = next(iter(self.description.items()))
        return f"the {kind} {name!r}"


def _tail(variable):
    """Returns the part of a variable's path that does not depend on the models around it."""
    return "/".join(variable.path.split("/")[-2:])


def _value(x):
    return in_own_precision(x) if isinstance(x, keras.Variable) else x
