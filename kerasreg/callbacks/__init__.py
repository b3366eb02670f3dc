"""Callbacks: early stopping, proximal steps, and monitors of what training does to a model."""

from kerasreg.callbacks.averaging.weight_averaging import WeightAveraging
from kerasreg.callbacks.checkpoint.best_checkpoint import BestCheckpoint
from kerasreg.callbacks.monitors.generalization_gap import GeneralizationGap
from kerasreg.callbacks.monitors.penalty_monitor import PenaltyMonitor
from kerasreg.callbacks.monitors.saturation_monitor import SaturationMonitor
from kerasreg.callbacks.monitors.weight_distance import WeightDistance
from kerasreg.callbacks.proximal.proximal_step import ProximalStep
from kerasreg.callbacks.stopping.all import All
from kerasreg.callbacks.stopping.any import Any
from kerasreg.callbacks.stopping.criterion import Criterion
from kerasreg.callbacks.stopping.divergence import Divergence
from kerasreg.callbacks.stopping.early_stopping import EarlyStopping
from kerasreg.callbacks.stopping.generalization_loss import GeneralizationLoss
from kerasreg.callbacks.stopping.patience import Patience
from kerasreg.callbacks.stopping.progress_quotient import ProgressQuotient
from kerasreg.callbacks.stopping.rollback import Rollback
from kerasreg.callbacks.stopping.successive_increases import SuccessiveIncreases
from kerasreg.callbacks.stopping.threshold import Threshold
from kerasreg.callbacks.stopping.time_limit import TimeLimit
from kerasreg.callbacks.stopping.top_k import TopK

__all__ = [
    "All",
    "Any",
    "BestCheckpoint",
    "Criterion",
    "Divergence",
    "EarlyStopping",
    "GeneralizationGap",
    "GeneralizationLoss",
    "Patience",
    "PenaltyMonitor",
    "ProgressQuotient",
    "ProximalStep",
    "Rollback",
    "SaturationMonitor",
    "SuccessiveIncreases",
    "Threshold",
    "TimeLimit",
    "TopK",
    "WeightAveraging",
    "WeightDistance",
]
