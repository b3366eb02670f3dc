"""Callbacks that regularize: early stopping."""

from kerasreg.callbacks.stopping.early_stopping import EarlyStopping

__all__ = ["EarlyStopping"]
