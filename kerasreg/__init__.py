"""Regularization for Keras 3: layers, regularizers, losses, callbacks and `tf.data` augmentation.

Importing the package registers every class with Keras, so that `import kerasreg` is all
that `keras.saving.load_model` needs. The subpackages that need TensorFlow
(`kerasreg.augment`, `kerasreg.datasets`) or matplotlib (`kerasreg.report`) load on first use.
"""

import importlib
from types import ModuleType

from kerasreg import (
    callbacks,
    constraints,
    layers,
    losses,
    models,
    optimizers,
    regularizers,
    schedules,
)
from kerasreg.models import regularize

__version__ = "0.1.0"

_ON_FIRST_USE = ("augment", "datasets", "report")

__all__ = [
    "augment",
    "callbacks",
    "constraints",
    "datasets",
    "layers",
    "losses",
    "models",
    "optimizers",
    "regularize",
    "regularizers",
    "report",
    "schedules",
]


def __getattr__(name: str) -> ModuleType:
    if name in _ON_FIRST_USE:
        return importlib.import_module(f"kerasreg.{name}")
    raise AttributeError(f"module 'kerasreg' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_ON_FIRST_USE])
