"""The files of class folders, and what is wrong with folders that hold none."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kerasreg import _checks

PARTS = ("train", "validation", "test")
USUAL_PART_NAMES = {
    "train",
    "training",
    "val",
    "valid",
    "validation",
    "dev",
    "eval",
    "test",
    "testing",
}
ON_CORRUPT = ("error", "skip")
NAMED = 5
OTHER_WAY = "Repair or remove what is named, or pass on_corrupt='skip' to leave such files out."


@dataclass
class Listing:
    """The files of one or several folders of class folders.

    Args:
        owner: Name of the function that reads them.
        on_corrupt: "error" or "skip".
        class_names: The classes in the order of their labels.
        files: The paths of each class of each part: `files[part][class name]`.
        roots: The folder of each part.
        skipped: Why a file was left out, by its path.
    """

    owner: str
    on_corrupt: str
    class_names: tuple[str, ...] = ()
    files: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def everything(self) -> list[str]:
        """Returns the paths of all files."""
        return [path for part in self.files.values() for paths in part.values() for path in paths]

    def leave_out(self, reasons: Mapping[str, str]) -> None:
        """Drops these files and keeps the reasons, or refuses them, as `on_corrupt` says."""
        if reasons and self.on_corrupt == "error":
            refuse_files(reasons, self.owner)
        self.skipped.update(reasons)
        for part, classes in self.files.items():
            for name, paths in classes.items():
                classes[name] = [path for path in paths if path not in reasons]
                if paths and not classes[name]:
                    folder = os.path.join(self.roots[part], name)
                    expected = f"readable files in every class folder; all {len(paths)} are corrupt"
                    _checks.refuse("path", folder, self.owner, expected)


def refuse_files(reasons: Mapping[str, str], owner: str) -> None:
    """Raises the error that names files which cannot be read."""
    named = "; ".join(f"{path!r}: {why}" for path, why in list(reasons.items())[:NAMED])
    more = f"; and {len(reasons) - NAMED} more" if len(reasons) > NAMED else ""
    fix = f"What cannot be read: {named}{more}. {OTHER_WAY}"
    _checks.refuse("path", next(iter(reasons)), owner, "files that can be read", fix=fix)


def list_files(
    path: Any,
    owner: str,
    *,
    known: Sequence[str],
    extensions: Any,
    class_names: Any,
    on_corrupt: Any,
) -> Listing:
    """Returns the files of a folder, or of a dict of folders, with one folder for each class.

    Args:
        path: What the user passed.
        owner: Name of the function whose arguments these are.
        known: The extensions that can be read.
        extensions: The extensions to read; files of others are passed over. None for all known
            ones; files of others are then treated as corrupt.
        class_names: The folders to read in the order of their labels, or None.
        on_corrupt: "error" or "skip".
    """
    listing = Listing(owner, _checks.choice("on_corrupt", on_corrupt, owner, ON_CORRUPT))
    wanted = _checked_extensions(extensions, known, owner)
    listing.roots = _roots(path, owner)
    folders = _class_folders(listing.roots["train"])
    listing.class_names = _checked_names(class_names, folders, owner)
    reasons: dict[str, str] = {}
    for part, root in listing.roots.items():
        _check_root(root, listing, known, given=class_names is not None)
        found = {name: _below(os.path.join(root, name)) for name in listing.class_names}
        if extensions is None:
            reasons |= _of_other_kinds([p for paths in found.values() for p in paths], known)
        listing.files[part] = {
            name: [each for each in paths if _extension(each) in wanted]
            for name, paths in found.items()
        }
    _refuse_empty(listing, wanted)
    if reasons and listing.on_corrupt == "error":
        _refuse_kinds(reasons, known, owner)
    listing.skipped.update(reasons)
    return listing


def _roots(path: Any, owner: str) -> dict[str, str]:
    if not isinstance(path, Mapping):
        return {"train": _folder(path, owner)}
    for part in path:
        _checks.choice("path", part, owner, PARTS)
    if "train" not in path:
        _checks.refuse("path", path, owner, f"a folder for 'train', not only for {sorted(path)}")
    roots = {part: _folder(each, owner) for part, each in path.items()}
    if len({os.path.realpath(root) for root in roots.values()}) < len(roots):
        _checks.refuse("path", path, owner, "another folder for each split")
    return roots


def _folder(path: Any, owner: str) -> str:
    expected = "a folder with one folder for each class"
    _checks.instance("path", path, owner, (str, os.PathLike), f"{expected}, a string or a path")
    folder = os.path.abspath(os.path.expanduser(os.fspath(path)))
    if not os.path.exists(folder):
        fix = "There is nothing at this path."
        _checks.refuse("path", folder, owner, expected, fix=fix, error=FileNotFoundError)
    if not os.path.isdir(folder):
        fix = "This is a file."
        _checks.refuse("path", folder, owner, expected, fix=fix, error=NotADirectoryError)
    return folder


def _class_folders(root: str) -> list[str]:
    names = sorted(name for name in os.listdir(root) if not name.startswith("."))
    return [name for name in names if os.path.isdir(os.path.join(root, name))]


def _check_root(root: str, listing: Listing, known: Sequence[str], given: bool) -> None:
    owner = listing.owner
    names = sorted(name for name in os.listdir(root) if not name.startswith("."))
    loose = [name for name in names if os.path.isfile(os.path.join(root, name))]
    loose = [name for name in loose if _extension(name) in known]
    folders = [name for name in names if os.path.isdir(os.path.join(root, name))]
    if loose:
        fix = f"These lie outside of them: {_some(loose)}. Move them into class folders."
        _checks.refuse("path", root, owner, "files in class folders only", fix=fix)
    if not folders:
        _checks.refuse("path", root, owner, "a folder with one folder for each class; it has none")
    if not given and {name.lower() for name in folders} <= USUAL_PART_NAMES:
        fix = "Pass the splits as {'train': folder, 'validation': folder, 'test': folder}."
        _checks.refuse("path", root, owner, f"folders of classes, not of splits {folders}", fix=fix)
    if len(listing.class_names) < 2 and not given:
        expected = f"at least two class folders, not only {listing.class_names[0]!r}"
        _checks.refuse("path", root, owner, expected)
    other = sorted(set(folders) - set(listing.class_names))
    if other and not given:
        expected = f"the class folders of the training split, not {_some(other)}"
        _checks.refuse("path", root, owner, expected)


def _checked_names(names: Any, folders: list[str], owner: str) -> tuple[str, ...]:
    if names is None:
        return tuple(folders)
    expected = "a list of at least two names of class folders"
    _checks.instance("class_names", names, owner, (list, tuple), expected)
    for name in names:
        _checks.instance("class_names", name, owner, str, expected)
        if name not in folders:
            _checks.refuse("class_names", name, owner, f"names among the folders {_some(folders)}")
    if len(names) < 2 or len(set(names)) < len(names):
        _checks.refuse("class_names", names, owner, f"{expected}, each once")
    return tuple(names)


def _checked_extensions(extensions: Any, known: Sequence[str], owner: str) -> tuple[str, ...]:
    if extensions is None:
        return tuple(known)
    expected = f"a list of extensions among {', '.join(known)}"
    _checks.instance("extensions", extensions, owner, (list, tuple), expected)
    if not extensions or any(each not in known for each in extensions):
        _checks.refuse("extensions", extensions, owner, expected)
    return tuple(extensions)


def _below(folder: str) -> list[str]:
    """Returns all files below a folder that are not hidden, sorted by their names."""
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [os.path.join(root, name) for name in files if not name.startswith(".")]
    return sorted(found, key=lambda path: path.split(os.sep))


def _extension(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _of_other_kinds(paths: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    others = [path for path in paths if _extension(path) not in known]
    return {path: f"its extension is none of {', '.join(known)}" for path in others}


def _refuse_kinds(reasons: Mapping[str, str], known: Sequence[str], owner: str) -> None:
    counts = Counter(_extension(path) or "no extension" for path in reasons)
    kinds = ", ".join(f"{count} of {name}" for name, count in sorted(counts.items()))
    fix = (
        f"There are other files: {kinds}. Remove them, or name the `extensions` to read, or pass "
        "on_corrupt='skip'."
    )
    expected = f"class folders with files of {', '.join(known)} only"
    _checks.refuse("path", next(iter(reasons)), owner, expected, fix=fix)


def _refuse_empty(listing: Listing, wanted: Sequence[str]) -> None:
    for name in listing.class_names:
        if not listing.files["train"][name]:
            folder = os.path.join(listing.roots["train"], name)
            expected = f"files of {', '.join(wanted)} in every class folder; this one has none"
            fix = "Remove it, or leave it out of `class_names`."
            _checks.refuse("path", folder, listing.owner, expected, fix=fix)
    for part, classes in listing.files.items():
        if not any(classes.values()):
            expected = f"files of {', '.join(wanted)} for {part!r}"
            _checks.refuse("path", listing.roots[part], listing.owner, expected)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{list(names[:NAMED])}{more}"
