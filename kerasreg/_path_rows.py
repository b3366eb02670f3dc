"""The table of a regularization path."""

import io
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Column, Table

from kerasreg import _checks


class PathRow(NamedTuple):
    """A model at one strength.

    Args:
        strength: The strength.
        coefficients: The weights that have a penalty, by their paths.
        sparsity: Share of their elements that are exactly 0.
        data_loss: Loss of the training data without the penalty, at inference.
        penalty: The penalty.
        val_data_loss: Loss of the validation data without the penalty; None without such data.
        epochs: Number of epochs that were trained.
    """

    strength: float
    coefficients: dict[str, np.ndarray]
    sparsity: float
    data_loss: float
    penalty: float
    val_data_loss: float | None
    epochs: int


class RegularizationPath(NamedTuple):
    """What `regularization_path` returns; `print` shows it as a table.

    Args:
        rows: The models, from the largest strength to the smallest.
    """

    rows: tuple[PathRow, ...]

    @property
    def strengths(self) -> np.ndarray:
        """The strengths, from the largest to the smallest."""
        return np.array([row.strength for row in self.rows])

    @property
    def coefficients(self) -> dict[str, np.ndarray]:
        """The weights by their paths, with an axis for the strengths in front."""
        paths = self.rows[0].coefficients
        return {path: np.stack([row.coefficients[path] for row in self.rows]) for path in paths}

    def best(self) -> PathRow:
        """Returns the row with the lowest `val_data_loss`; of equal ones, the most regularized.

        Raises:
            RuntimeError: If there was no validation data, or no loss is a number.
        """
        losses = [np.nan if row.val_data_loss is None else row.val_data_loss for row in self.rows]
        if np.isnan(losses).all():
            reason = "No row has a loss of validation data."
            _checks.impossible(self, reason, fix="Give `validation_data`.")
        return self.rows[int(np.nanargmin(losses))]

    def __str__(self) -> str:
        """Returns the table as plain text."""
        console = Console(file=io.StringIO(), width=200, color_system=None)
        console.print(self.__rich__())
        return console.file.getvalue().rstrip()  # type: ignore[attr-defined]

    def __rich__(self) -> Table:
        """Returns the table as `rich` prints it; the best row has a star."""
        names = ("strength", "sparsity", "data loss", "penalty", "validation", "epochs")
        table = Table(*[Column(name, justify="right") for name in names], "")
        validated = any(row.val_data_loss is not None for row in self.rows)
        best = self.best() if validated else None
        for row in self.rows:
            validation = "" if row.val_data_loss is None else f"{row.val_data_loss:.5g}"
            cells = f"{row.data_loss:.5g}", f"{row.penalty:.4g}", validation, str(row.epochs)
            star = "*" if row is best else ""
            table.add_row(f"{row.strength:.4g}", f"{row.sparsity:.1%}", *cells, star)
        return table
