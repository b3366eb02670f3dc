"""The optimizers inside of an optimizer."""

from typing import Any


def single_optimizers(optimizer: Any) -> list[Any]:
    """Returns the optimizers that update weights, without those that only hold others."""
    innermost = nested_optimizers(optimizer)[-1]
    return list(getattr(innermost, "optimizers", [innermost]))  # MultiOptimizer


def nested_optimizers(optimizer: Any) -> list[Any]:
    """Returns an optimizer, the one inside of it, the one inside of that, and so on."""
    found = [optimizer]
    while hasattr(found[-1], "inner_optimizer"):  # LossScaleOptimizer, wrappers of kerasreg
        found.append(found[-1].inner_optimizer)
    return found
