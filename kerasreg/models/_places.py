"""The places of a model at which a layer can be put into its graph."""

from dataclasses import dataclass
from typing import Any

import keras

from kerasreg import _checks
from kerasreg._backend.model_graph import calls
from kerasreg._where import layers_where
from kerasreg.layers import DropPath
from kerasreg.models._levels import Member, members_by_path
from kerasreg.models._residuals import Residual, residuals


@dataclass(frozen=True, kw_only=True)
class Place:
    """One place.

    Args:
        path: The way to it, for the table and for errors.
        stem: What the name of a layer that is put there begins with.
        layer: The layer that was asked for, or stands for a residual branch.
        tensors: What goes through it there: one tensor for each call.
        where: The place, as arguments of `_edited.NewLayer`.
    """

    path: str
    stem: str
    layer: keras.layers.Layer | None
    tensors: tuple[keras.KerasTensor, ...]
    where: dict[str, Any]


def places_beside(model: Any, side: str, where: Any, owner: object) -> list[Place]:
    """Returns the places after or before the layers that a user means.

    Args:
        model: A functional or sequential model.
        side: "after" or "before".
        where: Which layers, as in `_where.layers_where`.
        owner: Who asks, for the error.

    Raises:
        ValueError: If `where` means no layer that stands in a graph, or one that has several
            tensors on that side.
    """
    members = {id(member.layer): member for member in members_by_path(model)}
    found = layers_where(
        model,
        where,
        owner,
        of=lambda layer: id(layer) in members,
        called="a layer in its graph",
        name=side,
    )
    return [
        Place(
            path=path,
            stem=layer.name,
            layer=layer,
            tensors=_tensors_beside(members[id(layer)], side, owner),
            where={side: layer},
        )
        for path, layer in found
    ]


def _tensors_beside(member: Member, side: str, owner: object) -> tuple[Any, ...]:
    if isinstance(member.layer, keras.layers.InputLayer):
        if side == "before":
            expected, fix = "a layer that has an input", "Use `after`."
            _checks.refuse(side, member.path, owner, expected, fix=fix)
        return (member.layer.output,)
    found: list[Any] = []
    for call in calls(member.model):
        if call.operation is member.layer:
            tensors = call.outputs if side == "after" else call.first
            tensors = tuple({id(tensor): tensor for tensor in tensors}.values())
            if len(tensors) != 1:
                what = "returns" if side == "after" else "takes"
                fix = "Name the layers that these come from or go to."
                if side == "before" and isinstance(member.layer, keras.layers.Add):
                    fix = "on_residuals=... is for one of the branches of an addition."
                expected = f"a layer that {what} one tensor, not {len(tensors)}"
                _checks.refuse(side, member.path, owner, expected, fix=fix)
            found += tensors
    if not found:
        _checks.refuse(side, member.path, owner, "a layer that is called in a graph")
    return tuple(found)


def places_on_residuals(model: Any, where: Any, template: Any, owner: object) -> list[Place]:
    """Returns the places at the ends of residual branches, before they are added.

    Args:
        model: A functional or sequential model.
        where: True for all of them, or which of the layers that stand for them.
        template: What is to be put there.
        owner: Who asks, for the error.

    Raises:
        ValueError: If there is none, or if it is not clear which branch it is.
    """
    found = residuals(model)
    if not found:
        expected = "a model that has residual additions: `layers.Add`, `ops.add` or `+`"
        _checks.refuse("model", model.name, owner, expected)
    if where is not True:
        known = {id(residual.layer) for residual in found}
        meant = layers_where(
            model,
            where,
            owner,
            of=lambda layer: id(layer) in known,
            called="an `Add` layer, or the last layer of a branch that is added by `+`",
            name="on_residuals",
        )
        ids = {id(layer) for _, layer in meant}
        found = [residual for residual in found if id(residual.layer) in ids]
    for residual in found:
        _check_clear(residual, template, owner)
    return [
        Place(
            path=residual.path,
            stem=residual.path.split("/")[-1],
            layer=residual.layer,
            tensors=(residual.branch,),
            where={"into": (residual.call.key, id(residual.branch))},
        )
        for residual in found
    ]


def _check_clear(residual: Residual, template: Any, owner: object) -> None:
    if residual.problem:
        fix = "Say which others are meant, or put it `after` the last layer of the branch."
        expected = f"additions with a clear residual branch, but {residual.problem}"
        _checks.refuse("on_residuals", residual.path, owner, expected, fix=fix)
    if isinstance(template, DropPath) and drops_samples(residual.last):
        fix = (
            "ReplaceDropout(where, rates=...) puts kerasreg's layer with the rate that you want "
            "in its place."
        )
        expected = (
            f"residual branches without drop path, but this one ends in `{residual.last.name}` "
            f"({type(residual.last).__name__}), which drops whole samples"
        )
        _checks.refuse("on_residuals", residual.path, owner, expected, fix=fix)


def drops_samples(layer: Any) -> bool:
    """Returns whether a layer is drop path already, by whatever name."""
    if isinstance(layer, DropPath) or hasattr(layer, "drop_path_rate"):
        return True
    noise = getattr(layer, "noise_shape", None) if isinstance(layer, keras.layers.Dropout) else None
    return noise is not None and len(noise) > 1 and all(size == 1 for size in tuple(noise)[1:])
