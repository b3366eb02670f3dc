"""The doctests of a backend's module are collected on that backend only."""

import keras

BACKENDS = ("tensorflow", "jax", "torch")

collect_ignore = [
    f"kerasreg/_backend/{name}.py" for name in BACKENDS if name != keras.backend.backend()
]
