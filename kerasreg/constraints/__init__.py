"""Constraints on weights, where Keras lacks one that has an exact projection."""

from kerasreg.constraints.l1_ball import L1Ball
from kerasreg.constraints.spectral_ball import SpectralBall

__all__ = ["L1Ball", "SpectralBall"]
