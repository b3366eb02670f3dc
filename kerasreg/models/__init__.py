"""Functions on a whole model: its batch normalization, its penalties, predictions by dropout."""

from kerasreg.models.freeze import freeze_batch_norm, unfreeze_batch_norm
from kerasreg.models.mc_predict import mc_predict
from kerasreg.models.penalty_report import penalty_report
from kerasreg.models.reestimate_batch_norm import reestimate_batch_norm
from kerasreg.models.thinned_ensemble import thinned_ensemble

__all__ = [
    "freeze_batch_norm",
    "mc_predict",
    "penalty_report",
    "reestimate_batch_norm",
    "thinned_ensemble",
    "unfreeze_batch_norm",
]
