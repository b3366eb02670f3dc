"""A picture of the schedules of a strength."""

import keras
import numpy as np
from matplotlib.figure import Figure

from kerasreg import schedules as families

STEPS = 1000
SCHEDULES: dict[str, families.Schedule] = {
    "Constant(0.3)": families.Constant(0.3),
    "Linear(0.0, 0.4, steps=800)": families.Linear(0.0, 0.4, steps=800),
    "Cosine(0.4, 0.0, steps=600, begin=200)": families.Cosine(0.4, 0.0, steps=600, begin=200),
    "Exponential(0.4, 0.01, steps=1000)": families.Exponential(0.4, 0.01, steps=1000),
    "Curriculum(0.4, steps=1000)": families.Curriculum(0.4, steps=1000),
    "Piecewise([300, 600], [0.1, 0.25, 0.4])": families.Piecewise([300, 600], [0.1, 0.25, 0.4]),
}


def schedules() -> Figure:
    """Returns the picture: a panel for each schedule."""
    rows = -(-len(SCHEDULES) // 2)
    figure = Figure(figsize=(8, 0.7 + 1.9 * rows), layout="constrained")
    figure.suptitle("Schedules: a strength, such as a dropout rate, over the steps", fontsize=13)
    panels = figure.subplots(rows, 2, sharex=True, sharey=True)
    for (name, schedule), panel in zip(SCHEDULES.items(), panels.flat, strict=False):
        panel.plot(np.arange(STEPS + 1), values(schedule), color="#e8590c", linewidth=2)
        panel.set_title(name, fontsize=9, family="monospace")
        panel.grid(alpha=0.3)
    for panel in panels[-1]:
        panel.set_xlabel("training step")
    for panel in panels[:, 0]:
        panel.set_ylabel("strength")
    for panel in panels.flat[len(SCHEDULES) :]:
        panel.set_axis_off()
    return figure


def values(schedule: families.Schedule) -> np.ndarray:
    """Returns the strength at each step."""
    steps = keras.ops.arange(STEPS + 1, dtype="int32")
    found = keras.ops.convert_to_numpy(schedule(steps))
    return np.broadcast_to(found, (STEPS + 1,))
