"""Functions on a whole model: what dropout tells about its predictions."""

from kerasreg.models.mc_predict import mc_predict
from kerasreg.models.thinned_ensemble import thinned_ensemble

__all__ = ["mc_predict", "thinned_ensemble"]
