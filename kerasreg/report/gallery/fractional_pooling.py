"""A picture of the regions of fractional pooling, and of what they make of an image."""

import itertools
from typing import Any

import keras
import numpy as np
from matplotlib.figure import Figure

from kerasreg import layers

Images = list[np.ndarray]

RATIO = 2**0.5
SIZE = 24
KINDS: dict[str, dict[str, Any]] = {
    "pseudorandom": {"sequence": "pseudorandom"},
    "pseudorandom, another draw": {"sequence": "pseudorandom", "seed": 4},
    "random": {"sequence": "random"},
    "random, overlapping": {"sequence": "random", "overlapping": True},
}


def fractional_pooling(images: Images) -> Figure:
    """Returns the picture: the regions above, the pooled image below."""
    image = small(images[0])
    figure = Figure(figsize=(8, 5.1), layout="constrained")
    figure.suptitle(
        f"FractionalMaxPooling2D at ratio √2: {SIZE} pixels become {int(SIZE / RATIO)}, by regions "
        "of 1 and 2 pixels",
        fontsize=12,
    )
    for (name, options), (above, below) in zip(
        KINDS.items(), figure.subplots(2, len(KINDS)).T, strict=True
    ):
        above.imshow(image, cmap="gray", vmin=0, vmax=255)
        _outline(above, *(regions(options, axis) for axis in (0, 1)))
        below.imshow(pooled(image, options), cmap="gray", vmin=0, vmax=255)
        above.set_title(name, fontsize=9)
        for panel in (above, below):
            panel.set_xticks([])
            panel.set_yticks([])
        if options.get("overlapping"):
            above.set_xlabel(
                "dotted: ends of regions that\noverlap the next by a pixel", fontsize=8
            )
        below.set_xlabel("the largest value of each", fontsize=9)
    return figure


def pooled(image: np.ndarray, options: dict[str, Any]) -> np.ndarray:
    """Returns what a layer makes of an image (height, width) in training."""
    layer = layers.FractionalMaxPooling2D(RATIO, **{"seed": 1, **options})
    result = layer(image[None, ..., None].astype("float32"), training=True)
    return keras.ops.convert_to_numpy(result)[0, ..., 0]


def regions(options: dict[str, Any], axis: int) -> np.ndarray:
    """Returns the first and the last row (or column) of each region.

    They are the largest values of images whose values are their row numbers, and minus these.
    """
    numbers = np.indices((SIZE, SIZE))[axis]
    first, last = -pooled(-numbers, options), pooled(numbers, options)
    across = 1 - axis
    return np.stack([first.min(across), last.max(across)], -1).astype(int)


def small(image: np.ndarray) -> np.ndarray:
    """Returns an image in gray, at the size of the picture's map."""
    gray = image.astype("float32").mean(-1)
    rows = np.arange(SIZE + 1) * gray.shape[0] // SIZE
    columns = np.arange(SIZE + 1) * gray.shape[1] // SIZE
    boxes = itertools.product(itertools.pairwise(rows), itertools.pairwise(columns))
    means = [
        gray[top : max(bottom, top + 1), left : max(right, left + 1)].mean()
        for (top, bottom), (left, right) in boxes
    ]
    return np.reshape(means, (SIZE, SIZE))


def _outline(panel: Any, rows: np.ndarray, columns: np.ndarray) -> None:
    for lines, spans in ((panel.hlines, rows), (panel.vlines, columns)):
        lines(spans[1:, 0] - 0.5, -0.5, SIZE - 0.5, color="#e8590c", linewidth=1.2)
        overlaps = spans[:-1, 1] >= spans[1:, 0]
        lines(
            spans[:-1, 1][overlaps] + 0.5,
            -0.5,
            SIZE - 0.5,
            color="#4dabf7",
            linewidth=1.2,
            linestyle=":",
        )
