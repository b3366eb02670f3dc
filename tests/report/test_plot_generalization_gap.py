import numpy as np
import pytest

from kerasreg.callbacks import GeneralizationGap
from kerasreg.callbacks.monitors.generalization_gap import GapCurve

pytest.importorskip("matplotlib")

from kerasreg.report import plot_generalization_gap

SAMPLE = (np.ones((2, 1)), np.ones((2, 1)))


def measured(validation):
    monitor = GeneralizationGap(SAMPLE)
    monitor.curves = {"mae": GapCurve([1, 2, 3], [3.0, 2.0, 1.0], validation, [], "min")}
    return monitor


def test_curves_gap_and_onset(tmp_path):
    figure = plot_generalization_gap(measured([3.0, 2.5, 4.0]), "mae")
    (axes,) = figure.axes
    train, validation, onset = axes.get_lines()
    np.testing.assert_array_equal(train.get_xydata(), [(1, 3), (2, 2), (3, 1)])
    np.testing.assert_array_equal(validation.get_xydata(), [(1, 3), (2, 2.5), (3, 4)])
    assert onset.get_xdata()[0] == 2
    assert [text.get_text() for text in axes.texts] == ["underfitting", "overfitting"]
    assert axes.get_ylabel() == "mae"
    figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000


def test_without_overfitting_there_is_no_onset():
    figure = plot_generalization_gap(measured([3.0, 2.5, 2.0]), "mae")
    assert len(figure.axes[0].get_lines()) == 2
    assert not figure.axes[0].texts


def test_bad_input():
    with pytest.raises(TypeError, match=r"Expected a GeneralizationGap\."):
        plot_generalization_gap({"loss": [1.0]})
    with pytest.raises(ValueError, match=r"was measured \('mae'\)"):
        plot_generalization_gap(measured([1.0, 1.0, 1.0]))
