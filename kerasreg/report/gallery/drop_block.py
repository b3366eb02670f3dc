"""A picture of DropBlock's blocks: one rate, growing blocks."""

import keras
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from kerasreg import layers

SIZE = 56
RATE = 0.2
BLOCKS: tuple[int | tuple[int, int], ...] = (1, 3, 7, (3, 15))
MANY = 64


def drop_block() -> Figure:
    """Returns the picture: a column for each size, with the share dropped in many maps."""
    figure = Figure(figsize=(8, 4.9), layout="constrained")
    figure.suptitle(f"DropBlock2D: the same rate {RATE}, growing blocks", fontsize=13)
    panels = figure.subplots(2, len(BLOCKS))
    colors = ListedColormap(["#e8590c", "#e9ecef"])
    for block, column in zip(BLOCKS, panels.T, strict=True):
        masks = kept(block)
        for number, panel in enumerate(column):
            panel.imshow(masks[number], cmap=colors, vmin=0, vmax=1, interpolation="nearest")
            panel.set_xticks([])
            panel.set_yticks([])
        height, width = (block, block) if isinstance(block, int) else block
        column[0].set_title(f"block_size {height} x {width}", fontsize=10)
        column[1].set_xlabel(f"{1 - masks.mean():.3f} dropped,\nmean of {MANY} maps", fontsize=9)
    for row, panel in enumerate(panels[:, 0]):
        panel.set_ylabel(f"map {row + 1}, {SIZE} x {SIZE}", fontsize=9)
    return figure


def kept(block: int | tuple[int, int]) -> np.ndarray:
    """Returns where maps of ones are kept: one channel of many examples."""
    layer = layers.DropBlock2D(RATE, block, seed=3)
    maps = layer(np.ones((MANY, SIZE, SIZE, 1), "float32"), training=True)
    return keras.ops.convert_to_numpy(maps)[..., 0] > 0
