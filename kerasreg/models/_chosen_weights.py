"""Which weights of a model are meant: by their layers, their names and their rank."""

import difflib
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple, NoReturn

import keras

from kerasreg import _checks
from kerasreg._backend.every_layer import layers_by_path, own_weights
from kerasreg._where import layers_where

KERNELS = ("kernel", "*_kernel", "embeddings")
_NAMES = "a glob for names of weights, a compiled regular expression, or a list of these"


class ChosenWeight(NamedTuple):
    """A weight, the layer that owns it, and the way to it."""

    path: str
    layer: keras.layers.Layer
    weight: keras.Variable


def chosen_weights(
    model: keras.Model, where: Any, weights: Any, rank: Any, owner: object
) -> list[ChosenWeight]:
    """Returns the trainable weights of a model, frozen or not, that a user means, each once.

    Args:
        model: A built model.
        where: Which layers, as in `layers_where`: the weights of layers inside of them count.
        weights: Checked by `checked_names`; None for kernels of every kind and embeddings.
        rank: Checked by `checked_ranks`; None for any.
        owner: Who asks, for the error.

    Raises:
        ValueError: If the model has no such weight, or none in the layers that `where` means.
    """
    found = _named(every_weight(model), weights, owner)
    if rank is not None:
        found = _ranked(found, rank, owner)
    if where is None:
        return found
    known = {id(each.weight) for each in found}
    layers = layers_where(
        model,
        where,
        owner,
        of=lambda layer: any(id(weight) in known for weight in layer.weights),
        called="a layer with such a weight",
    )
    meant = {id(weight) for _, layer in layers for weight in layer.weights}
    return [each for each in found if id(each.weight) in meant]


def checked_names(weights: Any, owner: object) -> Any:
    """Returns the `weights` argument of a rule: None, or a tuple of globs and patterns."""
    if weights is None:
        return None
    is_list = isinstance(weights, Sequence) and not isinstance(weights, str)
    items = tuple(weights) if is_list else (weights,)
    for item in items:
        _checks.instance("weights", item, owner, (str, re.Pattern), _NAMES)
    if not items:
        _checks.refuse("weights", weights, owner, f"{_NAMES}, one or more")
    return items


def checked_ranks(rank: Any, owner: object) -> tuple[int, ...] | None:
    """Returns the `rank` argument of a rule: None, or a tuple of whole numbers."""
    if rank is None:
        return None
    is_list = isinstance(rank, Sequence) and not isinstance(rank, str)
    ranks = tuple(_checks.whole("rank", each, owner) for each in (rank if is_list else [rank]))
    if not ranks:
        _checks.refuse("rank", rank, owner, "a number of axes, or several")
    return ranks


def every_weight(model: keras.Model) -> list[ChosenWeight]:
    """Returns the trainable weights of a model, frozen or not, each once."""
    seen: set[int] = set()
    found = []
    for prefix, layer in [("", model), *layers_by_path(model)]:
        for weight in own_weights(layer):
            if id(weight) not in seen:
                seen.add(id(weight))
                path = f"{prefix}/{weight.name}" if prefix else weight.name
                found.append(ChosenWeight(path, layer, weight))
    return found


def _named(candidates: list[ChosenWeight], weights: Any, owner: object) -> list[ChosenWeight]:
    if not candidates:
        _checks.refuse("model", "no weights", owner, "a model that has trainable weights")
    names = list(dict.fromkeys(each.weight.name for each in candidates))
    if weights is None:
        meant = {name for name in names if any(fnmatchcase(name, kernel) for kernel in KERNELS)}
        if not meant:
            fix = "Name them in a `Penalize` or `Constrain`."
            _refuse_names(None, names, owner, fix=fix)
    else:
        meant = set()
        for item in weights:
            matching = {name for name in names if _matches(item, name)}
            if not matching:
                _refuse_names(item, names, owner)
            meant |= matching
    return [each for each in candidates if each.weight.name in meant]


def _matches(item: str | re.Pattern, name: str) -> bool:
    return fnmatchcase(name, item) if isinstance(item, str) else item.search(name) is not None


def _refuse_names(item: Any, names: list[str], owner: object, *, fix: str = "") -> NoReturn:
    near = names[:8]
    if isinstance(item, str):
        near = difflib.get_close_matches(item, names, n=3, cutoff=0.5) or near
    expected = "what matches a kernel" if item is None else "what matches the name of a weight"
    expected += ", of which the model has " + ", ".join(map(repr, near))
    if item is None:
        expected = "names of weights where a model has no kernel but " + ", ".join(map(repr, near))
    _checks.refuse("weights", item, owner, expected, fix=fix)


def _ranked(
    candidates: list[ChosenWeight], ranks: tuple[int, ...], owner: object
) -> list[ChosenWeight]:
    has = sorted({len(each.weight.shape) for each in candidates})
    for rank in ranks:
        if rank not in has:
            _checks.refuse("rank", rank, owner, f"the rank of such a weight, of which are {has}")
    return [each for each in candidates if len(each.weight.shape) in ranks]
