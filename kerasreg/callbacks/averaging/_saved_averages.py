"""Averages on disk, of the last two times that they were saved."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kerasreg.callbacks._atomic_file import remove_partial, replacing

_NAMES = ("averages-0.npz", "averages-1.npz")
_STATE = "state"


@dataclass(frozen=True)
class Saved:
    """What one file holds.

    Args:
        state: What stands beside the arrays: `"iterations"`, the count of the optimizer,
            `"updates"`, how many weights the averages are of, and more.
        averages: The average of each weight; empty before there are any.
        own: The weights that the averages have replaced at the end of a training.
    """

    state: dict[str, Any]
    averages: list[np.ndarray] = field(default_factory=list)
    own: list[np.ndarray] = field(default_factory=list)


class SavedAverages:
    """A folder with two files that are written in turns.

    Two, because the training itself is saved by somebody else: whichever of both is killed before
    the other has saved, one of the files is of the step that training goes on from.

    Args:
        folder: The folder; it is made when something is saved.
    """

    def __init__(self, folder: str | os.PathLike):
        self._paths = [Path(folder) / name for name in _NAMES]

    def save(self, saved: Saved) -> None:
        """Writes over the older file, or over that of the same step, whole or not at all."""
        steps = [_iterations(path) for path in self._paths]
        step = saved.state["iterations"]
        place = steps.index(step) if step in steps else int(np.argmin(steps))
        arrays: Any = {f"averages-{i}": array for i, array in enumerate(saved.averages)}
        arrays |= {f"own-{i}": _plain(array) for i, array in enumerate(saved.own)}
        arrays[_STATE] = np.array(json.dumps(saved.state))
        with replacing(self._paths[place]) as partial, open(partial, "wb") as file:
            np.savez(file, **arrays)

    def load(self, iterations: int) -> Saved | None:
        """Returns what was saved at a step, None if nothing was."""
        for path in self._paths:
            if _iterations(path) == iterations:
                with np.load(path, allow_pickle=False) as file:
                    return Saved(_state(path), _numbered(file, "averages"), _numbered(file, "own"))
        return None

    def steps_with_averages(self) -> list[int]:
        """Returns the steps that averages were saved at, in order."""
        states = [_state(path) for path in self._paths if path.exists()]
        return sorted(state["iterations"] for state in states if state["updates"])

    def remove_partial(self) -> None:
        """Removes what a process left that was killed while it saved."""
        for path in self._paths:
            remove_partial(path)


def _iterations(path: Path) -> int:
    return _state(path)["iterations"] if path.exists() else -1


def _state(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as file:
        return json.loads(str(file[_STATE]))


def _numbered(file: Any, name: str) -> list[np.ndarray]:
    count = sum(each.startswith(f"{name}-") for each in file.files)
    return [file[f"{name}-{i}"] for i in range(count)]


def _plain(array: np.ndarray) -> np.ndarray:
    """Returns an array that NumPy can save: bfloat16 is exact in float32."""
    return array.astype("float32") if array.dtype.kind == "V" else array
