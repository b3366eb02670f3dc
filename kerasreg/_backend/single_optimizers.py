"""The optimizers inside of an optimizer."""

from typing import Any


def single_optimizers(optimizer: Any) -> list[Any]:
    """Returns the optimizers that update weights, without those that only hold others."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # LossScaleOptimizer
    return list(getattr(optimizer, "optimizers", [optimizer]))  # MultiOptimizer
