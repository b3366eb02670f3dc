"""Penalties, constraints, dropout and more for a model that exists already."""

from collections.abc import Sequence
from typing import Any, NoReturn

import keras
import rich
from rich.markup import escape
from rich.table import Column, Table

from kerasreg import _checks
from kerasreg.models._change import Change, Insertion, Replacement, Rule, WeightChange
from kerasreg.models._counterparts import Counterparts
from kerasreg.models._edited import edited
from kerasreg.models._in_config import Put, put_on_outputs, put_on_weights
from kerasreg.models._levels import is_graph
from kerasreg.models._penalty_argument import AS_CONSTRAINT
from kerasreg.models._several_values import final_values, target_of, with_existing
from kerasreg.models.penalize import Penalize

_OWNER = "regularize"
_EXPECTED = "a rule such as `kerasreg.models.Penalize`, a regularizer, 'l1' or 'l2', or a list"


def regularize(
    model: keras.Model,
    rules: Any,
    *,
    in_place: bool = False,
    existing: str = "refuse",
    fold: bool = False,
    show: bool = True,
) -> keras.Model:
    """Puts penalties, constraints and noise on a built or pretrained model.

    `regularize(model, L2(1e-4))` returns a model that computes the same with weights of the same
    values, and whose loss has the L2 penalty of all kernels and embeddings, not of biases and
    normalization. Rules of `kerasreg.models` say more: `Penalize` and `Constrain` are for weights,
    chosen by layer, name and rank, `PenalizeActivity` is for outputs of layers; `Insert` puts
    dropout and the like into the graph. What was done is printed as a table;
    `kerasreg.models.penalty_report` lists the single penalties.

    Keras itself ignores `layer.kernel_regularizer = ...` on a layer that is built. Here the penalty
    is in the loss at once, and in the config, so that `save`, `load_model` and `clone_model` keep
    it. It comes back in layers inside of layers, too, as in wrappers, recurrent and attention
    layers; what could not come back is an error. Weights that are shared count once.

    - The new model is not compiled. The original stays as it is, and shares nothing with it.
    - Where several rules penalize one weight or output, their sum counts; two constraints on one
      weight are an error.
    - `in_place=True` changes the model itself, a compiled one included (a larger model around it
      needs a new `compile`). It goes with subclassed models, which cannot be copied; these make
      their layers anew in their constructors, so call it again after loading. What a saved model
      would not bring back has "no" in the column "saved" of the table.

    Args:
        model: A built Keras model: functional, sequential, or, in place, any.
        rules: A rule, a regularizer or the name of one, "l1" or "l2" (which stand for `Penalize` of
            it), or a list of these.
        in_place: Whether to change the penalties and constraints of `model` itself. Defaults to
            False, a new model.
        existing: What to do about the penalties and constraints that the model has where a rule
            means to put one: "refuse" (the default), "add" to penalties, or "replace".
        fold: Whether to put each penalty on weights into a `kerasreg.regularizers.Folded`, which
            trains the same faster, and leaves the value out of the loss. Defaults to False.
        show: Whether to print the table. Defaults to True.

    Returns:
        The new model; in place, `model`.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If the model is not built or cannot be copied, if a rule matches nothing, or
            if a saved model would lose a penalty.

    Example:
        >>> import keras, kerasreg
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="dense")])
        >>> model = kerasreg.regularize(model, kerasreg.regularizers.L2(1e-4), show=False)
        >>> len(model.losses)
        1

    Reference:
        Krogh, Hertz 1991, A Simple Weight Decay Can Improve Generalization, NeurIPS.
    """
    _check_model(model, in_place)
    fold = _checks.boolean("fold", fold, _OWNER)
    show = _checks.boolean("show", show, _OWNER)
    changes = [change for rule in _rules(rules) for change in rule.changes(model, rule)]
    changes = with_existing(changes, existing, _OWNER)
    edits = [change for change in changes if isinstance(change, Replacement | Insertion)]
    if in_place and edits:
        fix = "The graph of a model cannot be changed: leave `in_place` out."
        expected = "rules for weights and outputs with in_place=True"
        _checks.refuse("rules", edits[0].what, _OWNER, expected, fix=fix)
    finals = final_values(changes, existing, fold=fold)
    target = model if in_place else _copy(model, edits)
    lost = _put(finals, Counterparts(model, target), target)
    lost_changes = [change for change in changes if target_of(change) in lost]
    if lost and not in_place:
        _refuse_lost(lost_changes)
    if in_place and model.compiled:
        # What is compiled has the old penalties.
        model.make_train_function(force=True)
        model.make_test_function(force=True)
    if show:
        title = f"regularize{' (folded)' if fold else ''}: {model.name}"
        rich.print(_table(title, changes, lost_changes))
    return target


def _check_model(model: Any, in_place: Any) -> None:
    _checks.instance("model", model, _OWNER, keras.Model, "a Keras model")
    in_place = _checks.boolean("in_place", in_place, _OWNER)
    if not model.built:
        fix = "Call it on a batch first, or give it a `keras.Input`."
        _checks.refuse("model", model.name, _OWNER, "a built model", fix=fix)
    if not in_place and not is_graph(model):
        expected = (
            "a functional or sequential model where a new one is made (Keras cannot copy a "
            "subclassed model, whose graph is in its code)"
        )
        fix = "Use in_place=True."
        if isinstance(getattr(model, "model", None), keras.Model):
            fix = "Regularize its `model` first and wrap the result, or use in_place=True."
        _checks.refuse("model", f"{type(model).__name__} {model.name!r}", _OWNER, expected, fix=fix)


def _rules(rules: Any) -> list[Any]:
    is_list = isinstance(rules, Sequence) and not isinstance(rules, str)
    items = list(rules) if is_list else [rules]
    if not items:
        _checks.refuse("rules", rules, _OWNER, "one rule or more")
    return [item if _is_rule(item) else Penalize(_checked_penalty(item)) for item in items]


def _is_rule(item: Any) -> bool:
    return isinstance(item, Rule) and not isinstance(item, type)


def _checked_penalty(item: Any) -> Any:
    if isinstance(item, str | keras.regularizers.Regularizer):
        return item
    fix = ""
    if isinstance(item, type):
        fix = f"Make one: {item.__name__}(...)."
    elif isinstance(item, keras.constraints.Constraint):
        fix = AS_CONSTRAINT
    elif callable(item):
        fix = "A function goes into a `Penalize`."
    return _checks.refuse("rules", item, _OWNER, _EXPECTED, fix=fix, error=TypeError)


def _copy(model: keras.Model, edits: Sequence[Any]) -> keras.Model:
    return edited(
        model,
        replacements=[edit.item for edit in edits if isinstance(edit, Replacement)],
        insertions=[edit.item for edit in edits if isinstance(edit, Insertion)],
    )


def _put(finals: Any, counterparts: Counterparts, target: keras.Model) -> set[Any]:
    """Puts all penalties and constraints on a model; returns those it would lose on saving."""
    weights, outputs = {}, {}
    for change, value in finals:
        value = counterparts.value(value)
        if isinstance(change, WeightChange):
            weight = counterparts.weight(change.weight)
            weights[target_of(change)] = Put(weight, change.kind, value)
        else:
            outputs[target_of(change)] = counterparts.layer(change.layer), value
    return put_on_weights(target, weights) | put_on_outputs(target, outputs)


def _refuse_lost(lost: list[Change]) -> NoReturn:
    paths = ", ".join(dict.fromkeys(repr(change.path) for change in lost[:3]))
    more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
    expected = (
        f"rules that a saved model keeps: {paths}{more} would lose them, as the config of the "
        "layer does not say so"
    )
    fix = (
        "Penalize all weights of the name in that layer alike if it has an argument for that, give "
        "its class one (such as `kernel_regularizer`), leave the layer out by `where`, or use "
        "in_place=True, which sets but does not save them."
    )
    _checks.refuse("rules", lost[0].what, _OWNER, expected, fix=fix)


def _table(title: str, changes: list[Change], lost: list[Change]) -> Table:
    rows: dict[tuple[str, str, str], list[str]] = {}
    for change in changes:
        where = f"{type(change.layer).__name__} {change.on}".rstrip()
        saved = "no" if any(change is each for each in lost) else "yes"
        rows.setdefault((change.what, where, saved), []).append(change.path)
    times = Column("times", justify="right")
    first = Column("first", overflow="fold")
    table = Table("what", "where", times, first, title=title)
    if lost:
        table.add_column("saved")
    for (what, where, saved), paths in rows.items():
        cells = map(escape, (what, where, str(len(paths)), paths[0]))
        table.add_row(*cells, *([saved] if lost else []))
    return table
