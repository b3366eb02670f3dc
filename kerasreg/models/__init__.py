"""Functions on a whole model, and the rules of the one that regularizes it."""

from kerasreg.models.constrain import Constrain
from kerasreg.models.freeze import freeze_batch_norm, unfreeze_batch_norm
from kerasreg.models.insert import Insert
from kerasreg.models.mc_predict import mc_predict
from kerasreg.models.penalize import Penalize
from kerasreg.models.penalize_activity import PenalizeActivity
from kerasreg.models.penalty_report import penalty_report
from kerasreg.models.reestimate_batch_norm import reestimate_batch_norm
from kerasreg.models.refit import refit
from kerasreg.models.regularization_path import regularization_path
from kerasreg.models.regularize import regularize
from kerasreg.models.replace_dropout import ReplaceDropout
from kerasreg.models.thinned_ensemble import thinned_ensemble
from kerasreg.models.weight_decay_groups import weight_decay_groups
from kerasreg.models.with_jacobian_penalty import WithJacobianPenalty, with_jacobian_penalty
from kerasreg.models.with_manifold_mixup import WithManifoldMixup, with_manifold_mixup
from kerasreg.models.with_rdrop import WithRDrop, with_rdrop
from kerasreg.models.with_sam import WithSAM, with_sam
from kerasreg.models.with_vat import WithVAT, with_vat

__all__ = [
    "Constrain",
    "Insert",
    "Penalize",
    "PenalizeActivity",
    "ReplaceDropout",
    "freeze_batch_norm",
    "mc_predict",
    "penalty_report",
    "reestimate_batch_norm",
    "regularization_path",
    "regularize",
    "refit",
    "thinned_ensemble",
    "unfreeze_batch_norm",
    "weight_decay_groups",
    "WithJacobianPenalty",
    "with_jacobian_penalty",
    "WithManifoldMixup",
    "with_manifold_mixup",
    "WithRDrop",
    "with_rdrop",
    "WithSAM",
    "with_sam",
    "WithVAT",
    "with_vat",
]
