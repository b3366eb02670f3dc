"""The splits of listed files, decided by a hash of each file's name."""

import hashlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kerasreg import _checks
from kerasreg.datasets._class_folders import PARTS, Listing
from kerasreg.datasets.folder_data_set import FolderDataSet
from kerasreg.datasets.folder_split import FolderSplit

if TYPE_CHECKING:
    from kerasreg.datasets._reading import Reader


class Shares(NamedTuple):
    """How much of the training files goes to the splits that have no folder of their own."""

    validation: float
    test: float
    seed: int

    @classmethod
    def checked(cls, validation: Any, test: Any, seed: Any, owner: str) -> "Shares":
        """Returns checked arguments `validation_fraction`, `test_fraction` and `seed`."""
        validation = _checks.fraction_below_one("validation_fraction", validation, owner)
        test = _checks.fraction_below_one("test_fraction", test, owner)
        if validation + test >= 1:
            expected = "a share that leaves something to train on"
            fix = f"`test_fraction` is {test}."
            _checks.refuse("validation_fraction", validation, owner, expected, fix=fix)
        return cls(validation, test, _checks.whole("seed", seed, owner, low=None))


class _File(NamedTuple):
    label: int
    hash: bytes
    path: str


def data_set(
    listing: Listing,
    shares: Shares,
    reader: "Reader",
    *,
    value_range: tuple[float, float],
    facts: dict[str, tuple[Any, ...]] | None = None,
    sampling_rate: int | None = None,
) -> FolderDataSet:
    """Returns the data set of the listed files.

    Args:
        listing: The files.
        shares: How they are split.
        reader: How they become examples.
        value_range: Lowest and highest value of the examples.
        facts: What else the reader needs to know of each file, by its path.
        sampling_rate: For audio.
    """
    parts = {}
    for part, files in _split(listing, shares).items():
        paths = [file.path for file in files]
        rows = [facts[path] for path in paths] if facts else []
        columns = tuple(np.array(column, np.int64) for column in zip(*rows, strict=True))
        if facts and not rows:
            columns = (np.zeros(0, np.int64),) * len(next(iter(facts.values())))
        labels = np.array([file.label for file in files], np.int64)
        parts[part] = FolderSplit(paths, labels, columns, reader)
    root = listing.roots["train"]
    return FolderDataSet(
        os.path.basename(root),
        **parts,
        class_names=listing.class_names,
        value_range=value_range,
        source=root,
        licence="",
        citation="",
        skipped=dict(listing.skipped),
        sampling_rate=sampling_rate,
    )


def _split(listing: Listing, shares: Shares) -> dict[str, list[_File]]:
    """Returns the files of each split in an order like that of a shuffle."""
    files = {part: _files(listing, part, shares.seed) for part in listing.files}
    lone = files["train"]
    missing = {p: getattr(shares, p) for p in ("test", "validation") if p not in files}
    taken: dict[int, str] = {}
    for part, share in missing.items():
        # Every so many of what is left, in the order of classes and hashes: the share of each
        # class is right to a file, and so is that of all.
        left = [i for i in range(len(lone)) if i not in taken]
        ends = np.floor(np.arange(len(left) + 1) * (share * len(lone) / len(left)) + 0.5)
        taken |= {left[i]: part for i in np.flatnonzero(np.diff(ends))}
    _keep_one_of_each(lone, taken)
    for part, share in missing.items():
        files[part] = [lone[i] for i, other in taken.items() if other == part]
        if share and not files[part]:
            expected = f"a share that is something of {len(lone)} files, or 0"
            _checks.refuse(f"{part}_fraction", share, listing.owner, expected)
    files["train"] = [file for i, file in enumerate(lone) if i not in taken]
    return {part: sorted(files[part], key=lambda file: file[1:]) for part in PARTS}


def _files(listing: Listing, part: str, seed: int) -> list[_File]:
    result = []
    for label, name in enumerate(listing.class_names):
        for path in listing.files[part][name]:
            below = os.path.relpath(path, listing.roots[part]).replace(os.sep, "/")
            text = f"{seed}:".encode() + os.fsencode(below)
            result.append(_File(label, hashlib.blake2b(text, digest_size=8).digest(), path))
    return sorted(result)


def _keep_one_of_each(files: Sequence[_File], taken: dict[int, str]) -> None:
    """Gives the first file of a class that has lost all of them back to the training files."""
    kept = {file.label for i, file in enumerate(files) if i not in taken}
    for i, file in enumerate(files):
        if file.label not in kept:
            kept.add(file.label)
            del taken[i]
