"""A picture of what batch normalization does to the distributions of a layer's units."""

from typing import Any

import keras
import numpy as np
from matplotlib.figure import Figure

from kerasreg import layers

UNITS, BATCH, BATCHES = 8, 100, 10


def batch_normalization() -> Figure:
    """Returns the picture: a panel before, two after."""
    before, training, inference = distributions()
    figure = Figure(figsize=(8, 6.6), layout="constrained")
    figure.suptitle(
        "Batch normalization gives every unit mean 0 and standard deviation 1", fontsize=13
    )
    titles = {
        "before: a dense layer's outputs on handwritten digits": before,
        "after, in training: by the mean and variance of the batch": training,
        f"after, at inference: by the moving averages of {BATCHES} batches": inference,
    }
    panels = figure.subplots(len(titles), 1, sharex=True)
    for (title, values), panel in zip(titles.items(), panels, strict=True):
        _draw(panel, values, title)
        if values is not before:
            panel.set_ylim(-4.5, 4.5)
            panel.axhspan(-1, 1, color="tab:green", alpha=0.12, linewidth=0)
    panels[-1].set_xlabel("unit (dot: its mean; bar: one standard deviation to either side)")
    return figure


def distributions() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the outputs of a dense layer, (examples, units), before and after.

    In training the last batch is normalized by itself; at inference all digits that were not
    trained on, by the moving averages.
    """
    from kerasreg.datasets import load

    data = load("digits")
    random = np.random.default_rng(2)
    kernel = random.normal(0, np.linspace(0.02, 0.12, UNITS), (64, UNITS))
    bias = random.normal(0, 4, UNITS)

    def outputs(images: np.ndarray) -> np.ndarray:
        return (images.reshape(len(images), -1) @ kernel + bias).astype("float32")

    layer = layers.BatchNormalization(momentum=0.7)
    train = outputs(data.train.images[: BATCH * BATCHES])
    for batch in np.split(train, BATCHES):
        normalized = layer(batch, training=True)
    after = layer(outputs(data.validation.images), training=False)
    return batch, keras.ops.convert_to_numpy(normalized), keras.ops.convert_to_numpy(after)


def _draw(panel: Any, values: np.ndarray, title: str) -> None:
    numbers = np.arange(1, UNITS + 1)
    shapes = panel.violinplot(values, numbers, widths=0.85, showextrema=False)
    for shape in shapes["bodies"]:
        shape.set(facecolor="tab:blue", alpha=0.35)
    style = {"color": "k", "markersize": 4, "linewidth": 1.5}
    panel.errorbar(numbers, values.mean(0), values.std(0), fmt="o", **style)
    panel.axhline(0, color="gray", linewidth=0.5)
    panel.set_title(title, fontsize=10)
    panel.set_ylabel("output")
    panel.set_xticks(numbers)
