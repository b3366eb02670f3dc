"""The figure of a stopping report."""

import dataclasses
import math

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from kerasreg import report
from kerasreg.callbacks import EarlyStopping
from tests.callbacks.stopping.playing import fit, play, small_model


def played(values=(3, math.nan, 1, 2, 2)):
    stopper = EarlyStopping(patience=2)
    play(stopper, values)
    return stopper.report


def test_the_curve_its_best_and_the_stop():
    figure = played().plot()
    (axes,) = figure.axes
    curve, best, stop = axes.get_lines()
    np.testing.assert_array_equal(curve.get_xdata(), [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(curve.get_ydata(), [3, math.nan, 1, 2, 2])
    assert (best.get_xdata()[0], best.get_ydata()[0]) == (3, 1)
    assert stop.get_xdata()[0] == 5
    assert axes.get_ylabel() == "val_loss"
    assert axes.get_xlabel() == "epoch"
    assert axes.get_title() == str(played())
    figure.canvas.draw()


def test_without_a_finite_value_there_is_no_best():
    figure = report.plot_stopping(played([math.nan]))
    assert len(figure.axes[0].get_lines()) == 1


def test_several_metrics_over_steps():
    stopper = EarlyStopping({"val_loss": 1.0, "val_mae": 2.0}, patience=99, every_steps=1)
    fit(small_model(metrics=["mae"]), stopper, epochs=2)
    figure = stopper.report.plot()
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ["1 val_loss + 2 val_mae", "val_loss", "val_mae"]
    total, loss, mae = (axes.get_lines()[0].get_ydata() for axes in figure.axes)
    np.testing.assert_allclose(total, loss + 2 * mae, rtol=1e-12)
    np.testing.assert_array_equal(figure.axes[0].get_lines()[0].get_xdata(), [1, 2, 3, 4])
    assert figure.axes[-1].get_xlabel() == "step"


def test_bad_arguments():
    with pytest.raises(TypeError, match="Expected the report of an EarlyStopping"):
        report.plot_stopping(EarlyStopping())
    with pytest.raises(ValueError, match="Pass the callback to `fit` first"):
        report.plot_stopping(dataclasses.replace(EarlyStopping().report))
