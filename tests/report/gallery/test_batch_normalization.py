"""The picture of batch normalization: what it says of mean and standard deviation holds."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("tensorflow")

from kerasreg.report.gallery.batch_normalization import batch_normalization, distributions


def test_means_and_deviations_before_and_after():
    before, training, inference = distributions()
    assert np.ptp(before.mean(0)) > 10
    assert before.std(0).max() > 4 * before.std(0).min()
    np.testing.assert_allclose(training.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(training.std(0), 1, atol=2e-3)
    standard = (before - before.mean(0)) / np.sqrt(before.var(0) + 1e-3)
    np.testing.assert_allclose(training, standard, atol=1e-3)
    assert np.abs(inference.mean(0)).max() < 0.5
    assert np.abs(inference.std(0) - 1).max() < 0.25


def test_the_picture_has_three_panels():
    assert [panel.get_title().split(",")[0] for panel in batch_normalization().axes] == [
        "before: a dense layer's outputs on handwritten digits",
        "after",
        "after",
    ]
