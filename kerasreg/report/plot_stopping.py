"""A figure of the curve that early stopping watched."""

import math

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from kerasreg import _checks
from kerasreg.callbacks.stopping.stopping_report import StoppingReport

_OWNER = "plot_stopping"


def plot_stopping(report: StoppingReport) -> Figure:
    """The monitored curve of a training, with its best value and its stop.

    Over the steps where validations took place inside of the epochs, else over the epochs, counted
    from 1. With several monitored metrics each has a panel below. Values that are not finite leave
    a gap.

    Args:
        report: The `report` of a `kerasreg.callbacks.EarlyStopping` that has been through a `fit`.

    Returns:
        A `matplotlib.figure.Figure`: `figure.savefig("stopping.png")` writes it, and a notebook
        shows it.

    Raises:
        TypeError: If `report` is something else.
        ValueError: If it has no value yet.

    Example:
        >>> import keras, kerasreg
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> x, y = keras.ops.ones((4, 2)), keras.ops.ones((4, 1))
        >>> stopper = kerasreg.callbacks.EarlyStopping("loss", patience=2)
        >>> history = model.fit(x, y, epochs=3, verbose=0, callbacks=[stopper])
        >>> figure = kerasreg.report.plot_stopping(stopper.report)
        >>> len(figure.axes)
        1
    """
    _checks.instance("report", report, _OWNER, StoppingReport, "the report of an EarlyStopping")
    if not report.values:
        fix = "Pass the callback to `fit` first."
        _checks.refuse("report", report, _OWNER, "a report with at least one value", fix=fix)
    over = report.steps if report.step_level else [epoch + 1 for epoch in report.epochs]
    curves = {report.monitor: report.values, **report.metrics}
    figure = Figure(figsize=(8, 3 + 2 * len(curves)), layout="constrained")
    panels = figure.subplots(len(curves), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, values) in zip(panels, curves.items(), strict=True):
        finite = [value if math.isfinite(value) else math.nan for value in values]
        axes.plot(over, finite, ".-", color="tab:blue")
        axes.set_ylabel(name)
        axes.grid(alpha=0.3)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _mark(panels[0], report)
    panels[0].set_title(str(report), fontsize="small", wrap=True)
    panels[-1].set_xlabel("step" if report.step_level else "epoch")
    return figure


def _mark(axes, report):
    if report.best_value is not None:
        at = report.best_step if report.step_level else report.best_epoch + 1
        axes.plot([at], [report.best_value], "o", color="tab:green", label="best")
    if report.stopped_epoch is not None:
        at = report.stopped_step if report.step_level else report.stopped_epoch + 1
        axes.axvline(at, color="tab:red", linestyle="--", label=f"stopped: {report.reason}")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize="small")
