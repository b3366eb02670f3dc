"""Figures; they need matplotlib, `pip install "kerasreg[plot]"`."""

from importlib.util import find_spec

if find_spec("matplotlib") is None:
    raise ImportError('`kerasreg.report` needs matplotlib: pip install "kerasreg[plot]".')

from kerasreg.report.plot_audit import plot_audit
from kerasreg.report.plot_augmentation import plot_augmentation
from kerasreg.report.plot_generalization_gap import plot_generalization_gap
from kerasreg.report.plot_regularization_path import plot_regularization_path
from kerasreg.report.plot_saturation import plot_saturation
from kerasreg.report.plot_stopping import plot_stopping

__all__ = [
    "plot_audit",
    "plot_augmentation",
    "plot_generalization_gap",
    "plot_regularization_path",
    "plot_saturation",
    "plot_stopping",
]
