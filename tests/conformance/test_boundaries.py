"""The rules that the tree makes visible: who imports whom, how files are called, what is public."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import kerasreg
from kerasreg._register import registered

ROOT = Path(kerasreg.__file__).parent
TESTS = Path(__file__).parents[1]
MODULES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))

# What stands lower may not import what stands higher; equals may not import each other.
LEVELS = {
    "_checks": 0,
    "_register": 0,
    "_backend": 1,
    "_random": 2,
    "_where": 2,
    "_axes": 1,
    "_penalized_weights": 2.5,
    "_batches": 2,
    "_statistics": 2.5,
    "_path_rows": 2,
    "_proximal": 2,
    "schedules": 2,
    "layers": 3,
    "regularizers": 3,
    "constraints": 3,
    "losses": 3,
    "optimizers": 3,
    "callbacks": 3,
    "augment": 3,
    "datasets": 3,
    "models": 4,
    "report": 4,
    "cli": 5,
}
TENSORFLOW_ALLOWED = ("_backend/tensorflow.py", "augment/", "datasets/")
MATPLOTLIB_ALLOWED = ("report/",)
VAGUE_NAMES = {"utils", "helpers", "common", "base", "misc"}


def imports(source: str) -> set[str]:
    """Returns every module that a source imports, at any depth."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def forbidden(path: str, source: str) -> list[str]:
    """Returns the imports that a module at `path` (below the package) may not have."""
    found = []
    own = path.split("/")[0].removesuffix(".py")
    for name in imports(source):
        parts = name.split(".")
        if parts[0] == "tensorflow" and not path.startswith(TENSORFLOW_ALLOWED):
            found.append(name)
        if parts[0] == "matplotlib" and not path.startswith(MATPLOTLIB_ALLOWED):
            found.append(name)
        if name.startswith("keras.src"):
            found.append(name)
        if parts[0] == "kerasreg" and len(parts) > 1 and own in LEVELS:
            other = LEVELS.get(parts[1], -1)
            if parts[1] != own and other >= LEVELS[own]:
                found.append(name)
    return found


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_stay_within_bounds(path):
    assert forbidden(path.as_posix(), (ROOT / path).read_text()) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("layers/dropout/dropout.py", "import tensorflow as tf"),
        ("layers/dropout/dropout.py", "from tensorflow import function"),
        ("cli/main.py", "import matplotlib.pyplot as plt"),
        ("layers/dropout/dropout.py", "from keras.src import backend"),
        ("_random/bits.py", "from kerasreg.layers import Dropout"),
        ("regularizers/l1.py", "from kerasreg import layers"),
        ("_checks.py", "def f():\n    import kerasreg._backend"),
    ],
)
def test_a_forbidden_import_is_found(path, source):
    assert forbidden(path, source)


def test_importing_the_package_leaves_out_what_is_heavy_or_optional():
    """Keras itself imports matplotlib when it is installed: only what comes on top counts."""
    packages = ("kerasreg.augment", "kerasreg.datasets", "kerasreg.report")
    heavy = (*packages, "matplotlib", "tensorflow_datasets", "rich")
    script = (
        "import sys, keras; known = set(sys.modules); import kerasreg; "
        "print([name for name in sys.argv[1:] if name in set(sys.modules) - known])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *heavy], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_no_vague_file_name(path):
    assert path.stem.strip("_") not in VAGUE_NAMES


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_public_module_has_a_mirrored_test(path):
    if path.name.startswith("_"):
        pytest.skip("plumbing is tested through its users, or beside them")
    assert (TESTS / path.parent / f"test_{path.name}").exists()


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_module_is_short(path):
    assert len((ROOT / path).read_text().splitlines()) <= 300


@pytest.mark.parametrize("cls", registered(), ids=lambda cls: cls.__name__)
def test_file_is_named_after_its_class(cls):
    def plain(name: str) -> str:
        return name.replace("_", "").lower()

    stem = plain(cls.__module__.split(".")[-1])
    name = plain(cls.__name__)
    without_dimension = [name.replace(d, "") for d in ("1d", "2d", "3d")]
    assert stem in (name, *without_dimension)


@pytest.mark.parametrize("cls", registered(), ids=lambda cls: cls.__name__)
def test_class_is_public_in_its_family(cls):
    family = cls.__module__.split(".")[1]
    module = getattr(kerasreg, family)
    assert getattr(module, cls.__name__) is cls
    assert cls.__name__ in module.__all__
