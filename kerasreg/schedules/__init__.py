"""Strengths that change during training, as pure functions of the step."""

from kerasreg.schedules.constant import Constant
from kerasreg.schedules.cosine import Cosine
from kerasreg.schedules.curriculum import Curriculum
from kerasreg.schedules.exponential import Exponential
from kerasreg.schedules.linear import Linear
from kerasreg.schedules.piecewise import Piecewise
from kerasreg.schedules.schedule import Schedule

__all__ = ["Constant", "Cosine", "Curriculum", "Exponential", "Linear", "Piecewise", "Schedule"]
