"""A stored copy of what a model has learnt, in a file."""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import keras
import ml_dtypes
import numpy as np

from kerasreg.callbacks._atomic_file import replacing
from kerasreg.callbacks.stopping._snapshot import stored_variables

_DTYPES = "dtypes.json"


class FileSnapshot:
    """A copy in a file, which `numpy.load` opens; taken anew, it goes to a new file.

    The old file stays, for what refers to it stands in another one.

    Args:
        folder: Where new files go.
        path: The file that there is already, None if there is none.
    """

    def __init__(self, folder: Path, path: Path | None = None):
        self.folder = folder
        self.path = path
        self._archive: Any = None

    def take(self, model: Any, with_optimizer: bool) -> None:
        """Writes what a model has now, one variable after the other."""
        path = self.folder / f"weights-{os.urandom(6).hex()}.npz"
        with replacing(path) as partial, zipfile.ZipFile(partial, "w") as archive:
            dtypes = []
            for index, variable in enumerate(stored_variables(model, with_optimizer)):
                value = keras.ops.convert_to_numpy(variable.value)
                dtypes.append(value.dtype.name)
                if value.dtype.kind == "V":  # bfloat16 and the like, which NumPy does not have
                    value = value.view(f"u{value.dtype.itemsize}")
                with archive.open(f"{index}.npy", "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, value)
            archive.writestr(_DTYPES, json.dumps(dtypes))
        self.path, self._archive = path, None

    def shapes(self) -> list[tuple[int, ...]]:
        """Returns the shape of each stored value."""
        return [self.array(index).shape for index in range(len(self._open()[1]))]

    def array(self, index: int) -> np.ndarray:
        """Returns one stored value."""
        archive, dtypes = self._open()
        with archive.open(f"{index}.npy") as file:
            value = np.lib.format.read_array(file)
        same = value.dtype.name == dtypes[index]
        return value if same else value.view(getattr(ml_dtypes, dtypes[index]))

    def put(self, index: int, variable: Any) -> None:
        """Assigns one stored value to a variable."""
        variable.assign(self.array(index))

    def _open(self) -> tuple[zipfile.ZipFile, list[str]]:
        if self._archive is None:
            archive = zipfile.ZipFile(self.path)  # type: ignore[arg-type]
            self._archive = archive, json.loads(archive.read(_DTYPES))
        return self._archive
