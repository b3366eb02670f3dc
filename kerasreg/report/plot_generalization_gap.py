"""A figure of training and validation curves and the gap between them."""

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from kerasreg import _checks
from kerasreg.callbacks import GeneralizationGap

_OWNER = "plot_generalization_gap"


def plot_generalization_gap(monitor: GeneralizationGap, metric: str = "loss") -> Figure:
    """Training and validation values over the epochs, the gap between them, and the onset.

    Left of the onset more training helps (underfitting), right of it the model overfits.

    Args:
        monitor: A `kerasreg.callbacks.GeneralizationGap` that has been through a `fit`.
        metric: Name of the metric, without `val_`. Defaults to `"loss"`.

    Returns:
        A `matplotlib.figure.Figure`: `figure.savefig("gap.png")` writes it, and a notebook shows
        it.

    Raises:
        TypeError: If `monitor` is something else.
        ValueError: If it has measured nothing of the metric.

    Example:
        >>> import keras, kerasreg
        >>> x, y = keras.ops.ones((4, 2)), keras.ops.ones((4, 1))
        >>> monitor = kerasreg.callbacks.GeneralizationGap((x, y))
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(
        ...     x, y, validation_data=(x, y), epochs=2, verbose=0, callbacks=[monitor]
        ... )
        >>> figure = kerasreg.report.plot_generalization_gap(monitor)
        >>> len(figure.axes[0].get_lines())
        2
    """
    _checks.instance("monitor", monitor, _OWNER, GeneralizationGap, "a GeneralizationGap")
    if metric not in monitor.curves:
        measured = ", ".join(map(repr, monitor.curves)) or "none: pass it to `fit` first"
        _checks.refuse("metric", metric, _OWNER, f"a metric that was measured ({measured})")
    curve = monitor.curves[metric]
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(curve.epochs, curve.train, ".-", color="C0", label="training sample, at inference")
    axes.plot(curve.epochs, curve.validation, ".-", color="C3", label="validation")
    axes.fill_between(curve.epochs, curve.train, curve.validation, color="C7", alpha=0.15)
    if curve.onset is not None:
        axes.axvline(curve.onset, color="k", linestyle="--", linewidth=1)
        for side, word in ((-4, "underfitting"), (4, "overfitting")):
            axes.annotate(
                word,
                (curve.onset, 0.98),
                (side, 0),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                ha="right" if side < 0 else "left",
                va="top",
                fontsize="small",
            )
    axes.set(xlabel="epoch", ylabel=metric)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    return figure
