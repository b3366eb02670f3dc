"""Layers that regularize: dropout, normalization, tied weights and the rest."""

from kerasreg.layers.tied.tied_dense import TiedDense

__all__ = ["TiedDense"]
