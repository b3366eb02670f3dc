"""Callbacks: early stopping, proximal steps, and monitors of what training does to a model."""

from kerasreg.callbacks.monitors.generalization_gap import GeneralizationGap
from kerasreg.callbacks.monitors.penalty_monitor import PenaltyMonitor
from kerasreg.callbacks.monitors.saturation_monitor import SaturationMonitor
from kerasreg.callbacks.proximal.proximal_step import ProximalStep
from kerasreg.callbacks.stopping.early_stopping import EarlyStopping

__all__ = [
    "EarlyStopping",
    "GeneralizationGap",
    "PenaltyMonitor",
    "ProximalStep",
    "SaturationMonitor",
]
