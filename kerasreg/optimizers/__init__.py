"""Optimizers around another optimizer, which regularize its path."""

from kerasreg.optimizers.lookahead import Lookahead
from kerasreg.optimizers.weight_groups import WeightGroups

__all__ = ["Lookahead", "WeightGroups"]
