import keras
import numpy as np
import pytest

if keras.backend.backend() != "tensorflow":
    pytest.skip("written in TensorFlow", allow_module_level=True)
pytest.importorskip("matplotlib")

from kerasreg import report
from tests.augment.test_audit_report import report as an_audit


def test_curves_and_matrix_show_what_was_found():
    figure = an_audit().plot()
    left, right, _ = figure.axes
    lines = {line.get_label(): line.get_ydata() for line in left.get_lines()}
    np.testing.assert_allclose(lines["b (like a)"], [0, 0, 0.5, 1])
    expected = np.zeros((3, 3))
    expected[1, 0] = 1
    np.testing.assert_allclose(right.images[0].get_array(), expected)
    assert [text.get_text() for text in right.get_xticklabels()] == ["a", "b", "c"]


def test_anything_else_is_refused():
    with pytest.raises(TypeError, match=r"`report`.*\(plot_audit\)"):
        report.plot_audit("Rotate")
