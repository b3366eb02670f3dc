"""The picture of penalties: its weights satisfy the conditions of a minimum."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from kerasreg.report.gallery.penalties import (
    BEST,
    CURVATURE,
    FACTORS,
    FITTED,
    PENALTIES,
    SHOWN,
    fitted,
    loss,
    path,
    penalties,
    penalty,
    regression,
)


def test_factors_are_those_of_the_penalties():
    weights = np.array([[0.5, -2.0]])
    for name, (l1, l2) in FACTORS.items():
        assert penalty(name, weights)[0] == pytest.approx(l1 * 2.5 + l2 * 4.25)


@pytest.mark.parametrize("name", PENALTIES)
def test_fitted_weights_are_a_minimum(name):
    """The loss's gradient is in the subdifferential of minus the penalty."""
    x, y, _ = regression()
    weights, (l1, l2) = fitted(name), FACTORS[name]
    gradient = 2 * x.T @ (x @ weights - y) / len(y) + 2 * FITTED[name] * l2 * weights
    zero = weights == 0
    np.testing.assert_allclose(
        gradient[~zero], -FITTED[name] * l1 * np.sign(weights[~zero]), atol=1e-5
    )
    assert (np.abs(gradient[zero]) <= FITTED[name] * l1).all()
    assert zero.any() == (l1 > 0)


@pytest.mark.parametrize("name", PENALTIES)
def test_the_path_minimizes_loss_and_penalty(name):
    strengths = np.array([0.1, SHOWN[name]])
    for strength, weights in zip(strengths, path(name, strengths), strict=True):
        steps = 0.01 * np.array([[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, 1]])
        least = loss(weights) + strength * penalty(name, weights[None])[0]
        assert (loss(weights + steps) + strength * penalty(name, weights + steps) > least).all()
    assert loss(BEST) == 0
    assert (np.linalg.eigvalsh(CURVATURE) > 0).all()


def test_the_shown_l1_weights_are_on_a_corner():
    assert path("L1", np.array([SHOWN["L1"]]))[0, 0] == 0
    assert (path("L2", np.array([SHOWN["L2"]]))[0] > 0).all()


def test_the_picture_counts_the_zeros():
    titles = [panel.get_title() for panel in penalties().axes]
    assert f"{(fitted('L1') == 0).sum()} of 24 weights are 0" in titles
