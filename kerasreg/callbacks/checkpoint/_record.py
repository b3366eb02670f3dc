"""A note inside of a file of weights or of a model: what its value is.

It stands in the file itself, so that both are replaced at once. Keras passes over it on loading.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]

_NAME = "kerasreg.best.json"


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Adds a note to a `.keras` or a `.weights.h5` file that has none."""
    if path.suffix == ".keras":
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(_NAME, json.dumps(record))
    else:
        with h5py.File(path, "a") as file:
            file.attrs[_NAME] = json.dumps(record)


def read_record(path: Path) -> dict[str, Any] | None:
    """Returns the note of a file, None if it has none or is no such file."""
    try:
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                return json.loads(archive.read(_NAME))
        with h5py.File(path) as file:
            return json.loads(file.attrs[_NAME])
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None
