"""A table of all penalties of a model: what each is, and what it adds to the loss."""

import io
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import rich
from keras import ops
from rich.console import Console
from rich.table import Column, Table

from kerasreg import _checks
from kerasreg._backend.every_layer import every_layer, layers_by_path
from kerasreg._backend.training_step import at_step, step_of
from kerasreg._penalized_weights import weights_by_path
from kerasreg.models._described import in_words, name_of, numbers_of, parts_of
from kerasreg.regularizers._strength import at_present
from kerasreg.regularizers.folded import Folded

_OWNER = "penalty_report"


class PenaltyRow(NamedTuple):
    """One penalty of a model.

    Args:
        path: Where it is: `"encoder/dense/kernel"` for a weight, `"encoder/dense"` for the outputs
            of a layer.
        shape: Shape of the weight; None for outputs.
        penalty: Name of the penalty's class (or function).
        strengths: The penalty's arguments that are floats; one with a schedule as it is now.
        value: What it adds to the loss now, or would add if it were not folded; None for outputs,
            where it depends on the data, but 0 inside of `TimeDistributed`, which leaves it out.
        share: `value` as a share of the sum of all weights' penalties, 0 if that is 0; None for
            outputs.
        norm: Euclidean norm of the weight; None for outputs.
        zeros: Fraction of the weight's elements that are 0; None for outputs.
        frozen: Whether the weight is not trainable: Keras then leaves its penalty out, so that
            `value` is 0.
    """

    path: str
    shape: tuple[int, ...] | None
    penalty: str
    strengths: dict[str, Any]
    value: float | None
    share: float | None
    norm: float | None
    zeros: float | None
    frozen: bool


class PenaltyReport(NamedTuple):
    """What `penalty_report` returns; `print` shows it as a table.

    Args:
        rows: The penalties of weights, in the order of the layers, then those of outputs.
        total: Sum of the weights' penalties: what they and the folded ones among them stand for.
    """

    rows: tuple[PenaltyRow, ...]
    total: float

    def __str__(self) -> str:
        """Returns the table as plain text."""
        console = Console(file=io.StringIO(), width=200, color_system=None)
        console.print(self.__rich__())
        return console.file.getvalue().rstrip()  # type: ignore[attr-defined]

    def __rich__(self) -> Table:
        """Returns the table as `rich` prints it."""
        numbers = [Column(name, justify="right") for name in ("value", "share", "norm", "zeros")]
        title = f"Penalties on weights: {self.total:.6g}"
        table = Table(
            Column("path", overflow="fold"), "shape", "penalty", "strength", *numbers, title=title
        )
        for row in self.rows:
            shape = "outputs" if row.shape is None else str(row.shape)
            table.add_row(row.path, shape, row.penalty, in_words(row.strengths), *_cells(row))
        if not self.rows:
            table.add_row("(none)")
        return table


def penalty_report(model: keras.Model, *, show: bool = True) -> PenaltyReport:
    """Lists every penalty of a model, what it adds to the loss and has made of the weights.

    For each weight with a regularizer, of Keras or kerasreg or a function: the value at this moment
    and its share of the sum, beside the norm of the weight and the fraction of its elements that
    are exactly zero. The parts of a `kerasreg.regularizers.Sum` have a row each. Layers in
    submodels, blocks and wrappers are found; what is shared is listed once, as it counts once. A
    penalty that belongs to a layer, as that of `ConcreteDropout`, stands at the weight that bears
    it.

    Penalties on the outputs of layers (`activity_regularizer`) can be measured on data only: they
    are listed without a value, and are not in the sum. `kerasreg.callbacks.PenaltyMonitor` measures
    them in training. What a layer adds by `add_loss` in its `call` cannot be seen from outside.

    The values are computed in the precision of the penalties, which is float32 for those of
    kerasreg, norms in float64; every weight with a penalty is copied to the host.

    Args:
        model: A built Keras model.
        show: Whether to print the table. Defaults to True.

    Returns:
        A named tuple: `rows`, of which each is a named tuple as well, so that
        `pandas.DataFrame(report.rows)` makes a frame of them, and `total`. `print(report)` shows
        the table.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If the model is not built.

    Example:
        >>> import keras, kerasreg
        >>> dense = keras.layers.Dense(1, kernel_initializer="ones", kernel_regularizer="l2")
        >>> model = keras.Sequential([keras.Input((4,)), dense])
        >>> report = kerasreg.models.penalty_report(model, show=False)
        >>> row = report.rows[0]
        >>> row.shape, row.penalty, row.strengths, round(row.value, 6), row.share, row.norm
        ((4, 1), 'L2', {'l2': 0.01}, 0.04, 1.0, 2.0)
    """
    _checks.instance("model", model, _OWNER, keras.Model, "a Keras model")
    show = _checks.boolean("show", show, _OWNER)
    if not model.built:
        expected = "a built model"
        _checks.refuse("model", model.name, _OWNER, expected, fix="Call it on a batch first.")
    with at_step(step_of(model)):
        rows, of_outputs = list(_of_weights(model)), list(_of_outputs(model))
    total = sum(row.value for row in rows if row.value is not None)
    if total:
        rows = [row._replace(share=row.value / total) for row in rows if row.value is not None]
    report = PenaltyReport((*rows, *of_outputs), float(total))
    if show:
        rich.print(report)
    return report


def _of_weights(model: Any) -> Iterator[PenaltyRow]:
    trained = {id(weight) for weight in model.trainable_weights}
    for path, weight in weights_by_path(model):
        array = ops.convert_to_numpy(weight.value)
        norm = float(np.sqrt(np.sum(np.square(array, dtype="float64"))))
        zeros = float(np.mean(array == 0)) if array.size else 0.0
        frozen = id(weight) not in trained
        for part in parts_of(weight.regularizer):
            value = 0.0 if frozen else _value(part, weight)
            named = name_of(part), _strengths(part)
            yield PenaltyRow(path, tuple(weight.shape), *named, value, 0.0, norm, zeros, frozen)


def _strengths(part: Any) -> dict[str, float]:
    return {name: float(at_present(each, 0.0, part)) for name, each in numbers_of(part).items()}


def _value(part: Any, weight: Any) -> float:
    value = part.left_out(weight) if isinstance(part, Folded) else part(weight)
    return float(ops.convert_to_numpy(value))


def _of_outputs(model: Any) -> Iterator[PenaltyRow]:
    # `TimeDistributed` goes past the `__call__` of Keras, which adds these penalties.
    left_out = {
        id(inside)
        for layer in every_layer(model)
        if isinstance(layer, keras.layers.TimeDistributed)
        for inside in every_layer(layer)
    }
    for path, layer in [(model.name, model), *layers_by_path(model)]:
        regularizer = getattr(layer, "activity_regularizer", None)
        if regularizer is not None:
            for part in parts_of(regularizer):
                named = name_of(part), _strengths(part)
                value = 0.0 if id(layer) in left_out else None
                yield PenaltyRow(path, None, *named, value, None, None, None, False)


def _cells(row: PenaltyRow) -> tuple[str, ...]:
    if row.value is None or row.share is None:
        return "on data only" if row.value is None else "left out", "", "", ""
    value = "frozen" if row.frozen else f"{row.value:.4g}"
    return value, f"{row.share:.1%}", f"{row.norm:.4g}", f"{row.zeros:.1%}"
