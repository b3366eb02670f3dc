"""Which layers of a model are meant: a glob, a regular expression, a class or a condition."""

import difflib
import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any, NoReturn

import keras

from kerasreg import _checks
from kerasreg._backend.every_layer import layers_by_path

PathsAndLayers = list[tuple[str, keras.layers.Layer]]
_KINDS = (
    "a glob, a compiled regular expression, a class of layers, a layer, a function of a layer, "
    "or a list of these"
)


def layers_where(
    model: keras.layers.Layer,
    where: Any,
    owner: object,
    *,
    of: Callable[[keras.layers.Layer], bool] = lambda layer: True,
    called: str = "a layer",
    name: str = "where",
) -> PathsAndLayers:
    """Returns the layers of a model that a user means by `where`, with their paths, in order.

    - None means every one of them.
    - A string is a glob (`*`, `?`, `[abc]`, where case counts and `*` also stands for slashes). If
      it has a slash, it must match the path, such as `"encoder/block1/dense"`, else the layer's
      name, at whatever depth.
    - A compiled regular expression is searched for in the path.
    - A class means its instances; a layer means itself.
    - A function takes a layer and returns whether it is meant.
    - A list means what any of its items means.

    Args:
        model: A model, or any layer that has layers inside.
        where: See above.
        owner: Who asks, for the error.
        of: Which layers can be meant at all.
        called: What one of these is called.
        name: The argument that `where` was given as, for the error.

    Raises:
        TypeError: If `where` or an item of it is none of these.
        ValueError: If the model has no such layer, or `where` or an item of it means none.
    """
    candidates = [(path, layer) for path, layer in layers_by_path(model) if of(layer)]
    if not candidates:
        fix = "" if model.built else "It is not built: call it on a batch first."
        _checks.refuse("model", model.name, owner, f"a model with {called}", fix=fix)
    if where is None:
        return candidates
    meant: set[int] = set()
    for item in where if _is_list(where) else [where]:
        matches = _condition(item, owner, name)
        found = {id(layer) for path, layer in candidates if matches(path, layer)}
        if not found:
            _refuse(item, owner, called, candidates, name)
        meant |= found
    if not meant:
        _refuse(where, owner, called, candidates, name)
    return [(path, layer) for path, layer in candidates if id(layer) in meant]


def saved_where(where: Any) -> Any:
    """Returns what `where` is in a configuration, of which `loaded_where` makes it again.

    Classes and regular expressions become dicts. Functions, layers and classes that Keras does not
    know by name stay as they are, and cannot be written to a file.
    """
    if _is_list(where):
        return [saved_where(item) for item in where]
    if isinstance(where, re.Pattern):
        return {"pattern": where.pattern, "flags": where.flags}
    if isinstance(where, type) and _class_named(name := _name(where)) is where:
        return {"class": name}
    return where


def loaded_where(saved: Any) -> Any:
    """Returns what `saved_where` was given."""
    if _is_list(saved):
        return [loaded_where(item) for item in saved]
    if not isinstance(saved, dict):
        return saved
    if "pattern" in saved:
        return re.compile(saved["pattern"], saved["flags"])
    found = _class_named(saved["class"])
    if found is None:
        expected = "a class that Keras knows"
        fix = "Import the module that registers it."
        _checks.refuse("where", saved["class"], "loaded_where", expected, fix=fix)
    return found


def _name(layer: type) -> str:
    return str(keras.saving.get_registered_name(layer))


def _class_named(name: str) -> Any:
    return keras.saving.get_registered_object(name) or getattr(keras.layers, name, None)


def _is_list(where):
    # Layers and models are no sequences; strings are.
    return isinstance(where, Sequence) and not isinstance(where, str)


def _condition(item: Any, owner: object, name: str) -> Callable[[str, Any], bool]:
    if isinstance(item, str):
        if "/" in item:
            return lambda path, layer: fnmatchcase(path, item)
        return lambda path, layer: fnmatchcase(layer.name, item)
    if isinstance(item, re.Pattern):
        return lambda path, layer: item.search(path) is not None
    if isinstance(item, type):
        if not issubclass(item, keras.layers.Layer):
            _checks.refuse(name, item, owner, _KINDS, error=TypeError)
        return lambda path, layer: isinstance(layer, item)
    if isinstance(item, keras.layers.Layer):
        return lambda path, layer: layer is item
    if not callable(item):
        _checks.refuse(name, item, owner, _KINDS, error=TypeError)
    return lambda path, layer: bool(item(layer))


def _refuse(
    item: Any, owner: object, called: str, candidates: PathsAndLayers, name: str
) -> NoReturn:
    paths = [path for path, _ in candidates]
    near, fix = paths[:3], ""
    if isinstance(item, str):
        names = dict.fromkeys([*paths, *(path.split("/")[-1] for path in paths)])
        near = difflib.get_close_matches(item, names, n=3, cutoff=0.5) or near
        fix = _meant_by(item, candidates)
    more = "" if len(near) == len(paths) else " and others"
    expected = f"what matches {called}, of which the model has {', '.join(map(repr, near))}{more}"
    _checks.refuse(name, item, owner, expected, fix=fix)


def _meant_by(item: str, candidates: PathsAndLayers) -> str:
    """Returns what to write where a string is the name of a class, or a regular expression."""
    if any(item == kind.__name__ for _, layer in candidates for kind in type(layer).__mro__):
        return "A class is given as such, without quotes."
    try:
        is_expression = any(re.search(item, path) for path, _ in candidates)
    except re.error:
        is_expression = False
    return "A string is a glob; for a regular expression give `re.compile(...)`." * is_expression
