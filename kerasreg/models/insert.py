"""A rule of `regularize`: a layer put into the graph of a model."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any

import keras
from keras import tree

from kerasreg import _checks
from kerasreg.models._change import Insertion
from kerasreg.models._described import in_words
from kerasreg.models._edited import NewLayer
from kerasreg.models._levels import check_levels
from kerasreg.models._places import Place, places_beside, places_on_residuals
from kerasreg.models._rates import checked_rates, rates_at
from kerasreg.models._template import kind_of, layer_like, own_arguments_of

_LAYER = "a Keras layer that is not built, or a function of a layer and its depth that makes one"
_KINDS = ("after", "before", "on_residuals")


@dataclass(frozen=True)
class Insert:
    """Rule for `kerasreg.regularize`: dropout, DropBlock, DropPath or any layer, put into a model.

    `layer` is a template. Each place gets a layer with its arguments, and with

    - a name of its own, that of the place and of the class: `"block1_conv_drop_path"`;
    - a seed of its own, made from that of the template, if it has one, and from the name;
    - the precision of the place, unless the template has one that is not the global setting;
    - a rate of its own, with `rates`.

    After or before a layer that is called several times there is one layer, called as often. It
    must return one tensor of the shape and dtype of the one that it is given. Layers that do
    nothing at inference leave the predictions of the model as they are, to the bit.

    A residual branch is the longer of two ways from one tensor to an addition; the shortcut is
    the other, the tensor itself or a projection of it. It does not matter whether the addition is
    an `Add` layer, `keras.ops.add` or `+`. One that adds more tensors, or whose ways are of one
    length, is refused, and so is DropPath on a branch that has it already.

    No known difference from the paper, for `DropPath` on residual branches with linear rates.

    Args:
        layer: A Keras layer that is not built; or a function that is called with the layer of a
            place (`None` where there is none) and its depth, l / L for the place l of L, and
            returns such a layer.
        after: After which layers: a glob for their names, or for their paths if it has a slash
            (`"encoder/block1/*"`), a compiled regular expression, a class, a layer, a function of
            a layer, or a list of these, as in `Penalize`. Layers inside of wrappers are not in a
            graph and cannot be meant.
        before: Before which layers: on the tensor that is their first argument.
        on_residuals: On which residual branches, just before they are added: True for all, or as
            in `after`, where the `Add` layer is meant, or the last layer of the branch if it is
            not a layer that adds. One of `after`, `before`, `on_residuals` is given.
        rates: Rates by depth, from the input to the output, in place of the template's: "linear"
            for the template's rate at the last place and l / L of it at the place l of L (see
            `kerasreg.layers.linear_rates`), a tuple `(low, high)` for the rates of the first and
            the last place, or a list with a rate for each place. Defaults to None, the template's.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is no possible value; later, in `regularize`, if no place is
            meant or the layer does not fit there.

    Example:
        >>> import keras, kerasreg
        >>> inputs = keras.Input((8,))
        >>> x = inputs + keras.layers.Dense(8, name="one")(inputs)
        >>> x = x + keras.layers.Dense(8, name="two")(x)
        >>> drop = kerasreg.layers.DropPath(0.2)
        >>> rule = kerasreg.models.Insert(drop, on_residuals=True, rates="linear")
        >>> model = kerasreg.regularize(keras.Model(inputs, x), rule, show=False)
        >>> model.get_layer("one_drop_path").rate, model.get_layer("two_drop_path").rate
        (0.1, 0.2)

    Reference:
        Huang, Sun, Liu, Sedra, Weinberger 2016, Deep Networks with Stochastic Depth, ECCV,
        arXiv:1603.09382.
    """

    layer: keras.layers.Layer | Callable[[Any, float], keras.layers.Layer]
    _: KW_ONLY
    after: Any = None
    before: Any = None
    on_residuals: Any = None
    rates: Any = None

    def __post_init__(self):
        given = [kind for kind in _KINDS if getattr(self, kind) not in (None, False)]
        if len(given) != 1:
            words = ", ".join(f"{kind}={getattr(self, kind)!r}" for kind in given) or None
            expected = "one of `after`, `before` and `on_residuals`"
            _checks.refuse("after", words, self, expected)
        object.__setattr__(self, "rates", checked_rates(self.rates, self))
        if isinstance(self.layer, keras.layers.Layer):
            _check_template(self.layer, self)
            self._check_rate()
        elif isinstance(self.layer, type) or not callable(self.layer):
            fix = f"Make one: {self.layer.__name__}(...)." if isinstance(self.layer, type) else ""
            _checks.refuse("layer", self.layer, self, _LAYER, fix=fix, error=TypeError)
        elif self.rates is not None:
            expected = "None where `layer` is a function, which knows the depth"
            _checks.refuse("rates", self.rates, self, expected)

    def changes(self, model: keras.Model, owner: object) -> list[Insertion]:
        """Returns the places of a model at which there will be a layer."""
        check_levels(model, owner)
        places = self._places(model, owner)
        rates: list[Any] = [None] * len(places)
        if self.rates is not None:
            last = own_arguments_of(self.layer)["rate"]
            rates = rates_at(self.rates, last, [place.path for place in places], owner)
        what = self._in_words(rates)
        insertions = []
        for index, (place, rate) in enumerate(zip(places, rates, strict=True)):
            template = self._template(place, (index + 1) / len(places), owner)
            make = _maker(template, place, {} if rate is None else {"rate": rate})
            _check_fits(make, place, owner)
            new = NewLayer(name=f"{place.stem}_{kind_of(template)}", make=make, **place.where)
            layer = model if place.layer is None else place.layer
            words = what or f"{_words(template)} {self._kind()}"
            insertions.append(Insertion(path=place.path, layer=layer, what=words, item=new))
        return insertions

    def _kind(self) -> str:
        kind = next(kind for kind in _KINDS if getattr(self, kind) not in (None, False))
        return kind if kind != "on_residuals" else "on residual"

    def _places(self, model: keras.Model, owner: object) -> list[Place]:
        for side in ("after", "before"):
            if getattr(self, side) not in (None, False):
                return places_beside(model, side, getattr(self, side), owner)
        return places_on_residuals(model, self.on_residuals, self.layer, owner)

    def _template(self, place: Place, depth: float, owner: object) -> Any:
        if isinstance(self.layer, keras.layers.Layer):
            return self.layer
        made = self.layer(place.layer, depth)
        if not isinstance(made, keras.layers.Layer):
            expected = f"a function that returns a layer; it returned {made!r} for {place.path!r}"
            _checks.refuse("layer", self.layer, owner, expected, error=TypeError)
        _check_template(made, owner)
        return made

    def _check_rate(self) -> None:
        if self.rates is None:
            return
        rate = own_arguments_of(self.layer).get("rate")
        if not isinstance(rate, int | float):
            expected = "None where the layer has no `rate` that is a number"
            _checks.refuse("rates", self.rates, self, expected)

    def _in_words(self, rates: list[Any]) -> str:
        """Returns what is inserted, in equal words for all places; empty for a function."""
        if not isinstance(self.layer, keras.layers.Layer):
            return ""
        known = [rate for rate in rates if rate is not None]
        if not known:
            return f"{_words(self.layer)} {self._kind()}"
        ends = f"rate={min(known):.4g} to {max(known):.4g}"
        return f"{type(self.layer).__name__}({ends}) {self._kind()}"


def _check_template(layer: Any, owner: object) -> None:
    if layer.built and layer.weights:
        fix = "Its weights would be lost: give one that is made anew."
        _checks.refuse("layer", layer.name, owner, _LAYER, fix=fix)
    try:
        layer_like(layer, layer.name)
    except Exception as error:  # whatever the class of a user raises
        fix = "Its class needs a `get_config` that has all arguments of its constructor."
        expected = f"a layer that can be made again from its config ({error})"
        _refuse("layer", layer.name, owner, expected, fix, error)


def _words(layer: Any) -> str:
    given = {key: each for key, each in own_arguments_of(layer).items() if each is not None}
    return f"{type(layer).__name__}({in_words(given)})"


def _maker(template: Any, place: Place, changed: dict[str, Any]) -> Callable[[str], Any]:
    policy = _policy(template, place)
    if policy is not None:
        changed = changed | {"dtype": policy}
    return lambda name: layer_like(template, name, **changed)


def _policy(template: Any, place: Place) -> Any:
    """Returns the precision that a layer is to have at a place; None for that of the template."""
    dtype = place.tensors[0].dtype
    is_set = template.dtype_policy != keras.config.dtype_policy()
    if is_set or not keras.backend.is_float_dtype(dtype):
        return None
    policy = getattr(place.layer, "dtype_policy", None)
    if policy is None or policy.compute_dtype != dtype or policy.quantization_mode is not None:
        policy = keras.DTypePolicy(dtype)
    return policy


def _check_fits(make: Callable[[str], Any], place: Place, owner: object) -> None:
    """Tries a layer on what goes through it at a place."""
    for tensor in place.tensors:
        trial = make("trial")
        try:
            output = trial(keras.KerasTensor(tensor.shape, dtype=tensor.dtype))
        except Exception as error:  # whatever the class of a user raises
            expected = (
                f"a layer for tensors of shape {tuple(tensor.shape)} and dtype {tensor.dtype}, "
                f"which are at {place.path!r} ({_first_line(error)})"
            )
            _refuse("layer", type(trial).__name__, owner, expected, "", error)
        same = isinstance(output, keras.KerasTensor) and output.dtype == tensor.dtype
        if not same or tuple(output.shape) != tuple(tensor.shape):
            got = tree.map_structure(lambda each: (tuple(each.shape), each.dtype), output)
            expected = (
                f"a layer that keeps shape and dtype, {tuple(tensor.shape)} and "
                f"{tensor.dtype} at {place.path!r}; it returned {got}"
            )
            _checks.refuse("layer", type(trial).__name__, owner, expected)


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _refuse(
    name: str, value: Any, owner: object, expected: str, fix: str, error: Exception
) -> None:
    try:
        _checks.refuse(name, value, owner, expected, fix=fix)
    except ValueError as refusal:
        raise refusal from error
