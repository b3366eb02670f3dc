"""A figure of weights, sparsity and losses against the strength of a penalty."""

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from kerasreg import _checks
from kerasreg._path_rows import RegularizationPath

_OWNER = "plot_regularization_path"
_MOST_LINES = 200


def plot_regularization_path(path: RegularizationPath) -> Figure:
    """Weights, sparsity and losses against the strength of a penalty.

    Two panels over the strengths, the largest on the left: above, one line for each weight with a
    penalty (of more than 200, as many evenly spaced ones), in one color for each tensor; below,
    the losses without the penalty and the share of zeros. A dotted line marks the strength with the
    lowest validation loss.

    Args:
        path: What `kerasreg.models.regularization_path` returned.

    Returns:
        A `matplotlib.figure.Figure`: `figure.savefig("path.png")` writes it, and a notebook shows
        it.

    Raises:
        TypeError: If `path` is something else.

    Example:
        >>> import keras, kerasreg
        >>> def build(strength):
        ...     dense = keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L2(strength))
        ...     model = keras.Sequential([keras.Input((2,)), dense])
        ...     model.compile("sgd", "mse")
        ...     return model
        >>> data = keras.ops.eye(2), keras.ops.ones((2, 1))
        >>> path = kerasreg.models.regularization_path(build, data, [0.1, 1.0], progress=False)
        >>> figure = kerasreg.report.plot_regularization_path(path)
        >>> [axes.get_ylabel() for axes in figure.axes]
        ['weights', 'loss', 'share of zeros']
    """
    expected = "what `kerasreg.models.regularization_path` returned"
    _checks.instance("path", path, _OWNER, RegularizationPath, expected)
    figure = Figure(figsize=(8, 7), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    strengths = path.strengths
    _draw_weights(above, strengths, path.coefficients)
    below.plot(strengths, [row.data_loss for row in path.rows], ".-", label="training")
    if all(row.val_data_loss is not None for row in path.rows):
        below.plot(strengths, [row.val_data_loss for row in path.rows], ".-", label="validation")
        for axes in (above, below):
            axes.axvline(path.best().strength, color="gray", linestyle=":")
    right = below.twinx()
    right.plot(strengths, [row.sparsity for row in path.rows], "--", color="gray")
    right.set(ylabel="share of zeros", ylim=(-0.03, 1.03))
    below.set(xlabel="strength", ylabel="loss")
    below.legend(fontsize="small")
    _set_scale(below, strengths)
    return figure


def _draw_weights(axes, strengths, coefficients):
    columns = {name: each.reshape(len(strengths), -1) for name, each in coefficients.items()}
    total = sum(each.shape[1] for each in columns.values())
    stride = max(1, -(-total // _MOST_LINES))
    colors = colormaps["tab10"]
    for index, (name, values) in enumerate(columns.items()):
        lines = axes.plot(strengths, values[:, ::stride], color=colors(index % 10), linewidth=0.8)
        if lines:
            lines[0].set_label(name)
    axes.axhline(0.0, color="black", linewidth=0.5)
    axes.set(ylabel="weights")
    axes.legend(fontsize="small")


def _set_scale(axes, strengths):
    positive = strengths[strengths > 0]
    if len(positive) == len(strengths):
        axes.set_xscale("log")
    elif len(positive):
        axes.set_xscale("symlog", linthresh=float(np.min(positive)))
    axes.invert_xaxis()
