"""Optimizers around another optimizer, which regularize its path."""

from kerasreg.optimizers.lookahead import Lookahead

__all__ = ["Lookahead"]
