import keras
import numpy as np
import pytest

from kerasreg.callbacks import SaturationMonitor

pytest.importorskip("matplotlib")

from kerasreg.report import plot_saturation

X = np.linspace(-2, 2, 12, dtype="float32").reshape(6, 2)


def monitored(depth):
    layers = [keras.layers.Dense(3, "relu", name=f"relu_{i}") for i in range(depth - 1)]
    last = keras.layers.Dense(2, "gelu", name="last")
    monitor = SaturationMonitor(X)
    monitor.set_model(keras.Sequential([keras.Input((2,)), *layers, last]))
    monitor.on_train_begin()
    monitor.on_epoch_begin(0)
    monitor.on_epoch_end(0, {})
    return monitor


def test_the_lines_are_the_curves(tmp_path):
    monitor = monitored(3)
    figure = plot_saturation(monitor)
    panels = dict(
        zip(("saturated", "dead", "mean_drift", "variance_drift"), figure.axes, strict=True)
    )
    for measure, axes in panels.items():
        lines = {line.get_label(): line for line in axes.get_lines()}
        assert lines.keys() == monitor.curves[measure].keys()
        for layer, line in lines.items():
            np.testing.assert_array_equal(line.get_xdata(), [0, 1])
            np.testing.assert_array_equal(line.get_ydata(), monitor.curves[measure][layer])
    assert len(panels["dead"].get_lines()) == 2  # gelu has no flat end
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "relu_0",
        "relu_1",
        "last",
    ]
    figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000


def test_of_many_layers_the_first_and_the_last_are_named():
    figure = plot_saturation(monitored(13))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["relu_0", "last"]


def test_bad_input():
    with pytest.raises(
        TypeError, match=r"Expected a SaturationMonitor\. .* \(plot_saturation\)\.$"
    ):
        plot_saturation("history")
    with pytest.raises(ValueError, match="a monitor that has measured"):
        plot_saturation(SaturationMonitor(X))
