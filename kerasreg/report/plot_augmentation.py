"""A figure of what an augmentation does to the examples of a data set."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from kerasreg import _checks

if TYPE_CHECKING:
    from kerasreg.augment import Augmenter

_OWNER = "plot_augmentation"
COLUMNS = 4


def plot_augmentation(
    augmenter: "Augmenter", dataset: Any, *, examples: int = 8, epoch: int = 0
) -> Figure:
    """Examples of a data set before and after augmentation, with the parameters drawn for them.

    Each example stands above what is made of it, and below that what was done: the operations
    that changed it, with their parameters. Images are shown as such, spectrograms with time from
    left to right, waveforms as curves; tokens are written.

    Args:
        augmenter: The `kerasreg.augment.Augmenter`.
        dataset: The `tf.data.Dataset` that it is for, with batches or single examples.
        examples: How many to show, at least 1. Defaults to 8.
        epoch: The epoch to draw for. Defaults to 0.

    Returns:
        A `matplotlib.figure.Figure`: `figure.savefig("augmentation.png")` writes it, and a
        notebook shows it.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If the data set is empty.

    Example:
        >>> import kerasreg
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Rotate(20)], seed=1)
        >>> digits = kerasreg.datasets.load("digits").train.as_dataset(16)
        >>> figure = kerasreg.report.plot_augmentation(augmenter, digits, examples=4)
        >>> len(figure.axes)
        8
    """
    # Needs TensorFlow, which the other figures do not.
    from kerasreg.augment import Augmenter
    from kerasreg.augment._described import shown

    _checks.instance("augmenter", augmenter, _OWNER, Augmenter, "a kerasreg.augment.Augmenter")
    examples = _checks.whole("examples", examples, _OWNER, low=1)
    pairs = shown(augmenter, dataset, examples, epoch)
    if not pairs:
        _checks.refuse("dataset", dataset, _OWNER, "a data set with at least one example")
    columns = min(COLUMNS, len(pairs))
    rows = -(-len(pairs) // columns)
    figure = Figure(figsize=(2.6 * columns, 6.2 * rows), layout="constrained")
    panels = figure.subplots(2 * rows, columns, squeeze=False)
    for panel in panels.flat:
        panel.set_axis_off()
    limits = _limits(augmenter, pairs)
    for i, (before, after, words) in enumerate(pairs):
        row, column = divmod(i, columns)
        upper, lower = panels[2 * row, column], panels[2 * row + 1, column]
        _draw(upper, before, limits)
        _draw(lower, after, limits)
        below = "\n".join(line.replace(", ", "\n") for line in words) or "unchanged"
        place = {"ha": "center", "va": "top", "transform": lower.transAxes}
        lower.text(0.5, -0.03, below, fontsize=7, **place)
    return figure


def _limits(augmenter: "Augmenter", pairs: list) -> tuple[float, float]:
    """Returns the values that are shown as black and white."""
    if augmenter.value_range is not None:
        return augmenter.value_range
    low = min(float(before.min()) for before, _, _ in pairs)
    high = max(float(before.max()) for before, _, _ in pairs)
    return low, high if high > low else low + 1


def _draw(panel: Any, value: np.ndarray, limits: tuple[float, float]) -> None:
    if value.ndim == 1 and np.issubdtype(value.dtype, np.integer):
        panel.text(0.5, 0.5, " ".join(map(str, value)), ha="center", va="center", wrap=True)
    elif value.ndim == 1:
        panel.plot(value, linewidth=0.6)
    elif value.ndim == 2:
        panel.imshow(np.asarray(value, "float32").T, origin="lower", aspect="auto")
    else:
        low, high = limits
        pixels = np.clip((np.asarray(value, "float32") - low) / (high - low), 0, 1)
        gray = pixels.shape[-1] not in (3, 4)
        panel.imshow(pixels[..., 0] if gray else pixels, cmap="gray", vmin=0, vmax=1)
