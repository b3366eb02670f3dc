"""A figure of saturated units and of drift, from a `SaturationMonitor`."""

from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from kerasreg import _checks
from kerasreg.callbacks import SaturationMonitor

_OWNER = "plot_saturation"
_TITLES = {
    "saturated": "outputs at a flat end, share",
    "dead": "dead units, share",
    "mean_drift": "drift of the mean, in standard deviations",
    "variance_drift": "drift of the variance, relative",
}
_MOST_NAMES = 12


def plot_saturation(monitor: SaturationMonitor) -> Figure:
    """Saturation, dead units and drift of each activation layer, over the epochs.

    Four panels, one line for each layer, from yellow (the first layer) to violet (the last). Epoch
    0 is the model before training. With more than 12 layers the first and the last are named.

    Args:
        monitor: A `kerasreg.callbacks.SaturationMonitor` that has been through a `fit`.

    Returns:
        A `matplotlib.figure.Figure`: `figure.savefig("saturation.png")` writes it, and a notebook
        shows it.

    Raises:
        TypeError: If `monitor` is something else.
        ValueError: If it has measured nothing.

    Example:
        >>> import keras, kerasreg
        >>> hidden = keras.layers.Dense(3, activation="relu")
        >>> model = keras.Sequential([keras.Input((2,)), hidden, keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> x, y = keras.ops.ones((4, 2)), keras.ops.ones((4, 1))
        >>> monitor = kerasreg.callbacks.SaturationMonitor(x)
        >>> history = model.fit(x, y, epochs=2, verbose=0, callbacks=[monitor])
        >>> figure = kerasreg.report.plot_saturation(monitor)
        >>> len(figure.axes)
        4
    """
    _checks.instance("monitor", monitor, _OWNER, SaturationMonitor, "a SaturationMonitor")
    layers = list(monitor.curves["mean"])
    if not layers:
        fix = "Pass it to `fit` as a callback first."
        _checks.refuse("monitor", monitor, _OWNER, "a monitor that has measured", fix=fix)
    figure = Figure(figsize=(10, 7), layout="constrained")
    for axes, (measure, title) in zip(figure.subplots(2, 2).flat, _TITLES.items(), strict=True):
        for index, layer in enumerate(layers):
            if layer in monitor.curves[measure]:
                color = colormaps["plasma_r"]((index + 1) / (len(layers) + 1))
                values = monitor.curves[measure][layer]
                axes.plot(monitor.epochs, values, ".-", color=color, label=layer)
        axes.set(title=title, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        if measure in ("saturated", "dead"):
            axes.set_ylim(-0.03, 1.03)
    lines = axes.get_lines()  # every layer has its drift measured
    if len(lines) > _MOST_NAMES:
        lines = [lines[0], lines[-1]]
    figure.legend(handles=lines, loc="outside right upper", fontsize="small")
    return figure
