"""The doctests of a backend's module are collected on that backend only.

All of the package is imported before pytest imports a module of it for its doctests: importing the
parents of the module imports the module, and pytest would then run it a second time.
"""

from importlib.util import find_spec

import keras

import kerasreg

if keras.backend.backend() == "tensorflow":
    kerasreg.augment  # noqa: B018 (loaded on first use)

BACKENDS = ("tensorflow", "jax", "torch")

collect_ignore_glob = [] if find_spec("matplotlib") else ["kerasreg/report/*"]
collect_ignore = [
    f"kerasreg/_backend/{name}.py" for name in BACKENDS if name != keras.backend.backend()
]
