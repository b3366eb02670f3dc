"""Losses that regularize the output of a classifier."""

from kerasreg.losses.confidence_penalty import ConfidencePenalty
from kerasreg.losses.jensen_shannon import JensenShannon
from kerasreg.losses.sparse_categorical_crossentropy import SparseCategoricalCrossentropy

__all__ = ["ConfidencePenalty", "JensenShannon", "SparseCategoricalCrossentropy"]
