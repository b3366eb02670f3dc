"""The optimizers inside of an optimizer."""

from typing import Any


def single_optimizers(optimizer: Any) -> list[Any]:
    """Returns the optimizers that update weights, without those that only hold others."""
    while hasattr(optimizer, "inner_optimizer"):  # LossScaleOptimizer, wrappers of kerasreg
        optimizer = optimizer.inner_optimizer
    return list(getattr(optimizer, "optimizers", [optimizer]))  # MultiOptimizer
