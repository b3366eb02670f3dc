"""Files that are whole or not there, whatever kills the process that writes them."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PARTIAL = ".partial-"


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Gives a path to write to, and puts what was written in place when the block ends.

    The new file lies beside the old one, with the same ending, and takes its place by one renaming,
    after its content has reached the disk: a reader finds the old file or the new one, whole. When
    the block raises, the old file stays. A killed process leaves its part behind, which
    `remove_partial` clears away.

    Args:
        path: The file to replace or to make; its folder is made where it is missing. On a local
            disk.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Every writer has its own: two processes must not write into one file.
    folder = Path(tempfile.mkdtemp(prefix=f"{_PARTIAL}{path.name}-", dir=path.parent))
    partial = folder / path.name
    try:
        yield partial
        _synchronize(partial)
        os.replace(partial, path)
        _synchronize(path.parent)
    finally:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()
        with contextlib.suppress(OSError):
            folder.rmdir()


def remove_partial(path: str | os.PathLike) -> None:
    """Removes what processes that were killed while they wrote a file have left behind.

    Only for the one process that writes the file: what another is writing would go as well.
    """
    path = Path(path)
    for folder in path.parent.glob(f"{_PARTIAL}{path.name}-*"):
        with contextlib.suppress(FileNotFoundError):
            (folder / path.name).unlink()
        with contextlib.suppress(OSError):
            folder.rmdir()


def _synchronize(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows has no way to
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
