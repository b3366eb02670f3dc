"""Checks what a wheel holds: the embedded data, the type marker, and nothing but the package."""

import sys
import zipfile

NEEDED = {"kerasreg/py.typed", "kerasreg/datasets/digits.npz"}


def main(path: str) -> None:
    names = set(zipfile.ZipFile(path).namelist())
    missing = NEEDED - names
    foreign = {n for n in names if not n.startswith(("kerasreg/", "kerasreg-"))}
    unwanted = {n for n in names if n.endswith((".pyc", ".ipynb")) or "/tests/" in n}
    if missing or foreign or unwanted:
        sys.exit(f"missing: {missing}; not of the package: {foreign}; unwanted: {unwanted}")
    print(f"{path.rsplit('/', 1)[-1]}: {len(names)} files, nothing missing, nothing foreign")


if __name__ == "__main__":
    main(sys.argv[1])
