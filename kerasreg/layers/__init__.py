"""Layers that regularize: dropout, normalization, tied weights and the rest."""

from kerasreg.layers.dropout.dropout import Dropout
from kerasreg.layers.norm.batch_normalization import BatchNormalization
from kerasreg.layers.tied.tied_dense import TiedDense

__all__ = ["BatchNormalization", "Dropout", "TiedDense"]
