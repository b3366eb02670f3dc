"""A picture of what each dropout layer hides of feature maps."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from kerasreg import layers

Images = list[np.ndarray]

EXAMPLES, CHANNELS, SIZE = 2, 3, 28
RATE = 0.3
ORANGE = ListedColormap(["#e8590c"])
VARIANTS: dict[str, tuple[str, Callable[[], Any]]] = {
    "Dropout": ("single values", lambda: layers.Dropout(RATE, seed=1)),
    "AlphaDropout": (
        "single values, set to the\nlow end of SELU",
        lambda: layers.AlphaDropout(RATE, seed=1),
    ),
    "GaussianDropout": (
        "nothing is dropped: times\nnormal noise",
        lambda: layers.GaussianDropout(RATE, seed=1),
    ),
    "SpatialDropout2D": ("whole channels", lambda: layers.SpatialDropout2D(RATE, seed=13)),
    "FeatureAlphaDropout": (
        "whole channels, set to the\nlow end of SELU",
        lambda: layers.FeatureAlphaDropout(RATE, seed=13),
    ),
    "DropBlock2D": ("blocks of 7 x 7", lambda: layers.DropBlock2D(RATE, 7, seed=1)),
    "DropBlock2D, shared": (
        "per_channel=False: the same\nblocks in all channels",
        lambda: layers.DropBlock2D(RATE, 7, seed=1, per_channel=False),
    ),
    "DropPath": ("whole examples", lambda: layers.DropPath(RATE, seed=2)),
}


def dropout_masks(images: Images) -> Figure:
    """Returns the picture: a row for each layer, a column for each map."""
    maps = feature_maps(images)
    rows = {
        "the feature maps": ("three channels of\ntwo examples", maps, np.zeros(maps.shape, bool))
    }
    for name, (words, make) in VARIANTS.items():
        rows[name] = (words, *masked(make, maps))
    columns = EXAMPLES * CHANNELS
    figure = Figure(figsize=(8, 1.0 * len(rows) + 0.6), layout="constrained")
    figure.suptitle(f"What each dropout layer hides (orange) at rate {RATE}", fontsize=13)
    widths = [2.3, *[1] * columns]
    panels = figure.subplots(len(rows), columns + 1, width_ratios=widths, squeeze=False)
    for (name, (words, values, dropped)), line in zip(rows.items(), panels, strict=True):
        _write(line[0], name, words)
        for column, panel in enumerate(line[1:]):
            example, channel = divmod(column, CHANNELS)
            _show(panel, values[example, ..., channel], dropped[example, ..., channel])
    for column, panel in enumerate(panels[0, 1:]):
        example, channel = divmod(column, CHANNELS)
        panel.set_title(f"example {example + 1}\nchannel {channel + 1}", fontsize=8)
    return figure


def masked(make: Callable[[], Any], maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns what a layer makes of maps in training, and where it drops.

    A layer of the same seed that sees nothing but ones tells where: what it drops is lowest there.
    """
    values = keras.ops.convert_to_numpy(make()(maps, training=True))
    factors = keras.ops.convert_to_numpy(make()(np.ones_like(maps), training=True))
    if len(np.unique(factors)) > 2:  # noise: nothing is dropped
        return values, np.zeros(maps.shape, bool)
    return values, factors < factors.max()


def feature_maps(images: Images) -> np.ndarray:
    """Returns maps of the first image and its mirror image: its brightness and its edges."""
    gray = images[0].astype("float32").mean(-1)
    rows = np.linspace(0, gray.shape[0] - 1, SIZE + 1).astype(int)
    columns = np.linspace(0, gray.shape[1] - 1, SIZE + 1).astype(int)
    gray = gray[np.ix_(rows, columns)]
    down, across = np.abs(np.diff(gray, axis=0))[:, 1:], np.abs(np.diff(gray, axis=1))[1:]
    maps = np.stack([gray[1:, 1:], across, down], -1)
    maps = 0.1 + 0.9 * (maps - maps.min((0, 1))) / np.maximum(np.ptp(maps, (0, 1)), 1.0)
    return np.stack([maps, maps[:, ::-1]]).astype("float32")


def _write(panel: Any, name: str, words: str) -> None:
    panel.set_axis_off()
    panel.text(0, 0.72, name, fontsize=10, fontweight="bold", va="center")
    panel.text(0, 0.34, words, fontsize=8, va="center")


def _show(panel: Any, values: np.ndarray, dropped: np.ndarray) -> None:
    panel.set_xticks([])
    panel.set_yticks([])
    panel.imshow(values, cmap="gray", vmin=0, vmax=1 / (1 - RATE))
    panel.imshow(np.ma.masked_where(~dropped, dropped), cmap=ORANGE, interpolation="nearest")
