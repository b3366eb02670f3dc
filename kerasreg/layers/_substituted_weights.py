"""A call of a layer in which some of its weights have other values."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras

from kerasreg import _backend, _checks
from kerasreg._backend.not_rematerialized import not_rematerialized


class _Substitution(keras.StatelessScope):
    # Keras looks up the value of a variable in the scope that is open. This one has an answer for
    # some variables; all else is as it would be without it, updates of variables included.

    def __init__(self, values, owner):
        super().__init__()
        self._values = {id(variable): value for variable, value in values}
        self._owner = owner

    def __enter__(self):
        super().__enter__()
        outer = self.original_scope
        self.collect_losses = outer is None or outer.collect_losses
        if outer is not None:
            self.losses = outer.losses
        return self

    def get_current_value(self, variable):
        if id(variable) in self._values:
            self._refuse_recomputation()
            return self._values[id(variable)]
        outer = self.original_scope
        return None if outer is None else outer.get_current_value(variable)

    def add_update(self, update):
        variable, value = update
        self.__exit__()
        try:
            variable.assign(value)
        finally:
            self.__enter__()

    def _refuse_recomputation(self):
        if _backend.recomputing():
            _checks.impossible(
                self._owner,
                "The wrapped layer uses `keras.remat`: the recomputation would read the plain "
                "weights, and its gradient would not be that of the forward pass.",
                fix="Call it without.",
            )


@contextlib.contextmanager
def substituted(values: Sequence[tuple[Any, Any]], owner: keras.layers.Wrapper) -> Iterator[None]:
    """Within it, the wrapped layer reads the given values of its weights.

    The variables stay as they are: what is saved, penalized, constrained and updated are their own
    values, and gradients reach them through the tensors. The layer is not rematerialized.

    Args:
        values: Pairs of a variable and a tensor of its shape.
        owner: The wrapper. Losses that the wrapped layer adds are added to it.
    """
    scope = _Substitution(values, owner)
    with not_rematerialized(owner.layer), scope:
        yield
    if scope.original_scope is None:
        for loss in scope.losses:
            owner.add_loss(loss)


def checked_weight_names(names: Any, owner: object) -> tuple[str, ...] | None:
    """Returns the `weight_names` argument of a wrapper as a tuple, or None."""
    if names is None:
        return None
    expected = "a tuple or list of names of weights"
    _checks.instance("weight_names", names, owner, (tuple, list), expected)
    for name in names:
        if not isinstance(name, str):
            _checks.refuse("weight_names", names, owner, expected, error=TypeError)
    if not names:
        _checks.refuse("weight_names", names, owner, f"{expected}, one or more")
    return tuple(names)


def weights_named(names: Sequence[str] | None, owner: keras.layers.Wrapper) -> list[Any]:
    """Returns those weights of the wrapped layer, and of layers inside of it, that have a name.

    Args:
        names: Names of weights; None for all that end in "kernel".
        owner: The wrapper.
    """
    weights = owner.layer.weights
    if names is None:
        found = [weight for weight in weights if weight.name.endswith("kernel")]
    else:
        found = [weight for weight in weights if weight.name in names]
    if names is None and not found:
        expected = "a layer that has a kernel"
        _checks.refuse("layer", owner.layer, owner, expected)
    known = list(dict.fromkeys(weight.name for weight in weights))
    if set(names or ()) - set(known):
        has = ", ".join(map(repr, known)) or "none"
        expected = f"names of weights, of which the wrapped layer has {has}"
        _checks.refuse("weight_names", names, owner, expected)
    if not all(keras.backend.is_float_dtype(weight.dtype) for weight in found):
        fix = "Quantize the layer on its own, after training."
        _checks.refuse("layer", owner.layer, owner, "a layer that is not quantized", fix=fix)
    return found


def plain_layer(values: Sequence[tuple[Any, Any]], owner: keras.layers.Wrapper) -> keras.Layer:
    """Returns a layer of its own that has the wrapped layer's config, and the given weights.

    Args:
        values: Pairs of a weight of the wrapped layer and the value that it has in the new layer.
            The other weights are the same in both.
        owner: The wrapper.
    """
    layer = owner.layer
    if not owner.built:
        reason = "The layer has no weights yet: it is not built."
        _checks.impossible(owner, reason, fix="Call it, or its `build`, first.")
    known = {id(weight): value for weight, value in values}
    plain = type(layer).from_config(layer.get_config())
    if not plain.built:
        plain.build_from_config(layer.get_build_config())
    for new, old in zip(plain.weights, layer.weights, strict=True):
        new.assign(known.get(id(old), old.value))
    return plain


def rematerialized_call(self, layer_call, *args, **kwargs):
    """Returns a wrapper's call as it is: in a recomputation the layer reads its own weights."""
    return layer_call
