"""A rule of `regularize`: kerasreg's dropout and noise layers in place of Keras'."""

from dataclasses import dataclass
from typing import Any

import keras

from kerasreg import _checks, layers
from kerasreg._backend.every_layer import every_layer
from kerasreg._register import own_arguments
from kerasreg._where import layers_where
from kerasreg.models._change import Change, Replacement
from kerasreg.models._copied_layer import has_in_config
from kerasreg.models._levels import check_levels, is_graph, members_by_path
from kerasreg.models._rates import checked_rates, rates_at

_OURS: dict[type, type] = {
    keras.layers.AlphaDropout: layers.AlphaDropout,
    keras.layers.Dropout: layers.Dropout,
    keras.layers.GaussianDropout: layers.GaussianDropout,
    keras.layers.GaussianNoise: layers.GaussianNoise,
    keras.layers.SpatialDropout1D: layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D: layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D: layers.SpatialDropout3D,
}


@dataclass(frozen=True)
class ReplaceDropout:
    """Rule for `kerasreg.regularize`: kerasreg's dropout and noise layers in place of Keras'.

    `Dropout`, `SpatialDropout1D` to `3D`, `AlphaDropout`, `GaussianDropout` and `GaussianNoise` of
    Keras give place to the layers of that name here, with the same arguments, name, seed and state
    of it; the masks are others, as the layers draw otherwise. The `StochasticDepth` of Keras'
    ConvNeXt gives place to `DropPath`. Classes derived from these, and those of kerasreg, stay.

    A layer inside of a wrapper is replaced, too. Where the outer layer makes it itself, as
    `MultiHeadAttention` does, it stays, and the table of `regularize` says so.

    No known difference from the paper.

    Args:
        where: Which of these layers: a glob for their names, or for their paths if it has a slash
            (`"encoder/*"`), a compiled regular expression, a class, a layer, a function of a layer,
            or a list of these, as in `Penalize`. Defaults to None, all of them.
        rates: Other rates, by depth, as in `Insert`, for layers that all have a rate: "linear" for
            that of the last one, and l / L of it for the layer l of L, a tuple `(low, high)`, or a
            list. Defaults to None, the rates that they have.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is no possible value; later, in `regularize`, if the model has no
            such layer that can be replaced.

    Example:
        >>> import keras, kerasreg
        >>> model = [keras.Input((4,)), keras.layers.Dropout(0.25, name="drop")]
        >>> rule = kerasreg.models.ReplaceDropout()
        >>> model = kerasreg.regularize(keras.Sequential(model), rule, show=False)
        >>> isinstance(model.get_layer("drop"), kerasreg.layers.Dropout)
        True

    Reference:
        Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014, Dropout: A Simple Way to
        Prevent Neural Networks from Overfitting, JMLR 15.
    """

    where: Any = None
    rates: Any = None

    def __post_init__(self):
        object.__setattr__(self, "rates", checked_rates(self.rates, self))

    def changes(self, model: keras.Model, owner: object) -> list[Change]:
        """Returns the layers of a model that are replaced, and those that cannot be."""
        check_levels(model, owner)
        called = "a dropout or noise layer of Keras"
        found = layers_where(model, self.where, owner, of=_is_keras_own, called=called)
        outer = _outer_layers(model)
        left = {
            id(layer): outer[id(layer)]
            for _, layer in found
            if id(layer) in outer and not has_in_config(outer[id(layer)], layer)
        }
        changed = [(path, layer) for path, layer in found if id(layer) not in left]
        if not changed:
            path, layer = found[0]
            expected = f"a layer that is not made by another one, as {path!r} is by "
            expected += f"{type(left[id(layer)]).__name__}"
            _checks.refuse("where", self.where, owner, expected)
        new = self._new_layers(changed, owner)
        words = ""
        if self.rates is not None:
            rates = [layer.rate for layer in new.values()]
            words = f", rate={min(rates):.4g} to {max(rates):.4g}"
        return [
            _left(path, layer, left[id(layer)])
            if id(layer) in left
            else _replacement(path, layer, new[id(layer)], words)
            for path, layer in found
        ]

    def _new_layers(self, found: list[Any], owner: object) -> dict[int, Any]:
        if self.rates is None:
            return {id(layer): _ours(layer) for _, layer in found}
        for path, layer in found:
            if _rate(layer) is None:
                expected = f"None where a layer has no rate, as {path!r} ({type(layer).__name__})"
                _checks.refuse("rates", self.rates, owner, expected)
        rates = rates_at(self.rates, _rate(found[-1][1]), [path for path, _ in found], owner)
        pairs = zip(found, rates, strict=True)
        return {id(layer): _ours(layer, rate=rate) for (_, layer), rate in pairs}


def _is_keras_own(layer: keras.layers.Layer) -> bool:
    return type(layer) in _OURS or _is_stochastic_depth(layer)


def _is_stochastic_depth(layer: Any) -> bool:
    # The class that the ConvNeXt models of Keras use for themselves has no public name.
    kind = type(layer)
    return kind.__name__ == "StochasticDepth" and kind.__module__.split(".")[0] == "keras"


def _rate(layer: Any) -> Any:
    return getattr(layer, "drop_path_rate" if _is_stochastic_depth(layer) else "rate", None)


def _ours(layer: Any, **changed: Any) -> Any:
    """Returns the layer of kerasreg that stands for one of Keras."""
    # `SpatialDropout` has neither of the last two in its config.
    every = {"name": layer.name, "trainable": layer.trainable, "dtype": layer.dtype_policy}
    if _is_stochastic_depth(layer):
        return layers.DropPath(**{"rate": layer.drop_path_rate} | every | changed)
    kind = _OURS[type(layer)]
    own = {name: getattr(layer, name) for name in own_arguments(kind) if hasattr(layer, name)}
    return kind(**own | every | changed)


def _outer_layers(model: Any) -> dict[int, Any]:
    """Returns the layer of a graph inside of which a layer is, by the ids of those inside."""
    found: dict[int, Any] = {}
    for _, member, _ in members_by_path(model):
        if not is_graph(member):
            found |= {id(layer): member for layer in every_layer(member)}
    return found


def _replacement(path: str, layer: Any, new: Any, words: str) -> Replacement:
    what = f"{type(new).__name__} of kerasreg{words}"
    return Replacement(path=path, layer=layer, what=what, item=(layer, new))


def _left(path: str, layer: Any, outer: Any) -> Change:
    what = f"stays: {type(outer).__name__} makes it itself"
    return Change(path=path, layer=layer, what=what)
