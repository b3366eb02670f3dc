import numpy as np
import pytest

from kerasreg._path_rows import PathRow, RegularizationPath

pytest.importorskip("matplotlib")

from kerasreg.report import plot_regularization_path


def path(strengths=(1.0, 0.1, 0.01), shape=(3, 1), validated=True):
    rows = []
    for index, strength in enumerate(strengths):
        kernels = {"a/kernel": np.full(shape, index), "b/kernel": np.full(2, -index)}
        validation = (3.0, 1.0, 2.0)[index] if validated else None
        rows.append(PathRow(strength, kernels, 1 - index / 2, 4.0 - index, 0.5, validation, 7))
    return RegularizationPath(tuple(rows))


def test_the_lines_are_the_rows(tmp_path):
    figure = plot_regularization_path(path())
    above, below, right = figure.axes
    lines = [line for line in above.get_lines() if len(line.get_xdata()) == 3]
    assert len(lines) == 5
    np.testing.assert_array_equal(lines[0].get_xdata(), [1.0, 0.1, 0.01])
    np.testing.assert_array_equal(lines[0].get_ydata(), [0, 1, 2])
    np.testing.assert_array_equal(lines[-1].get_ydata(), [0, -1, -2])
    names = [text.get_text() for text in above.get_legend().get_texts()]
    assert names == ["a/kernel", "b/kernel"]
    losses = {line.get_label(): line.get_ydata() for line in below.get_lines()[:2]}
    np.testing.assert_array_equal(losses["training"], [4.0, 3.0, 2.0])
    np.testing.assert_array_equal(losses["validation"], [3.0, 1.0, 2.0])
    assert list(below.get_lines()[2].get_xdata()) == [0.1, 0.1]
    np.testing.assert_array_equal(right.get_lines()[0].get_ydata(), [1.0, 0.5, 0.0])
    assert below.get_xscale() == "log"
    assert below.xaxis_inverted()
    figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000


def test_a_strength_of_zero_is_on_the_axis():
    figure = plot_regularization_path(path((1.0, 0.1, 0.0), validated=False))
    assert figure.axes[1].get_xscale() == "symlog"
    assert [line.get_label() for line in figure.axes[1].get_lines()] == ["training"]


def test_of_many_weights_some_are_drawn():
    lines = plot_regularization_path(path(shape=(50, 40))).axes[0].get_lines()
    assert 100 <= len(lines) <= 203


def test_bad_input():
    with pytest.raises(TypeError, match=r"`path`\. Expected what .* \(plot_regularization_path\)"):
        plot_regularization_path([1.0])
