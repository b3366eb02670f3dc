"""The folder in which a training's stopping state outlives the process."""

import json
from pathlib import Path
from typing import Any

from kerasreg import _checks
from kerasreg.callbacks._atomic_file import remove_partial, replacing
from kerasreg.callbacks.stopping._file_snapshot import FileSnapshot

_FORMAT = 1
_KEYS = {"finished", "monitor", "curve", "metrics", "best"}
_KEYS |= {"rollbacks", "updates", "beginnings", "weights"}


class StateFolder:
    """A state file, and the files of weights that it names.

    The state is one file, replaced in one go after the weights are on the disk; files of weights
    that it does not name go afterwards. A process that is killed leaves the state before or the new
    one, and all of the weights that belong to it.

    Args:
        path: The folder; it is made when something is written.
    """

    def __init__(self, path: Any):
        self.path = Path(path)
        self._file = self.path / "state.json"

    def new_snapshot(self) -> FileSnapshot:
        """Returns an empty snapshot that writes into the folder."""
        return FileSnapshot(self.path)

    def snapshot(self, name: str) -> FileSnapshot:
        """Returns the snapshot of a file that a state names."""
        return FileSnapshot(self.path, self.path / name)

    def load(self, owner: object) -> dict[str, Any] | None:
        """Returns the state, None if there is none.

        Raises:
            ValueError: If the folder holds something else, or not all that the state names.
        """
        if not self._file.exists():
            return None
        try:
            state = json.loads(self._file.read_text())
            written = state["format"] == _FORMAT and state.keys() >= _KEYS
            names = [name for _, name in state["weights"]] if written else []
        except (ValueError, KeyError, TypeError, AttributeError):
            written, names = False, []
        expected = f"a folder whose {self._file.name} was written by this callback"
        if written:
            missing = [name for name in names if not (self.path / name).is_file()]
            if not missing:
                return state
            expected = f"a folder that has the weights of its {self._file.name}, {missing[0]} too"
        fix = "Remove the file, or take another folder."
        return _checks.refuse("snapshot_dir", str(self.path), owner, expected, fix=fix)

    def save(self, state: dict[str, Any], names: set[str]) -> None:
        """Replaces the state, and removes the weights that it does not name.

        Args:
            state: What `json.dumps` takes.
            names: The files of weights that it refers to.
        """
        with replacing(self._file) as partial:
            partial.write_text(json.dumps({"format": _FORMAT, **state}))
        for path in self.path.glob("weights-*.npz"):
            if path.name not in names:
                path.unlink(missing_ok=True)

    def remove_partial(self) -> None:
        """Removes what a killed process was writing."""
        remove_partial(self._file)
        for folder in self.path.glob(".partial-weights-*.npz-*"):
            remove_partial(self.path / folder.name.removeprefix(".partial-").rsplit("-", 1)[0])
