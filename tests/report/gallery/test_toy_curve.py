"""The toy curve: fits are the least of loss and penalty, and bias and variance behave."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from kerasreg.regularizers import L2
from kerasreg.report.gallery.toy_curve import (
    SHOWN,
    STRENGTHS,
    bias_and_variance,
    fit,
    powers,
    samples,
    toy_curve,
)


@pytest.mark.parametrize("strength", [10.0, 1e-3])
def test_a_fit_is_the_minimum_of_the_loss_and_the_librarys_penalty(strength):
    x, y = samples(1)
    kernel, bias = fit(x, y, strength)

    def objective(kernel, bias):
        error = np.mean((powers(x) @ kernel + bias - y[0]) ** 2)
        return error + float(L2(strength)(kernel.astype("float64")))

    kernel, bias = kernel[:, 0], bias[0]
    least = objective(kernel, bias)
    random = np.random.default_rng(0)
    for size in (1e-1, 1e-2):
        for _ in range(10):
            step = size * random.normal(size=kernel.shape)
            assert objective(kernel + step, bias) > least
            assert objective(kernel, bias + step[0]) > least


def test_bias_rises_and_variance_falls_with_the_strength():
    bias, variance = bias_and_variance()
    assert (np.diff(variance) < 1e-4).all()
    assert bias[-1] > 100 * bias[len(bias) // 2]
    best = STRENGTHS[np.argmin(bias + variance)]
    assert best / 5 < SHOWN["about right"] < best * 5


def test_the_picture_has_its_legend_and_axes():
    figure = toy_curve()
    assert figure.axes[-1].get_xlabel() == "strength of the L2 penalty"
    assert [panel.get_title().split(":")[0] for panel in figure.axes[:3]] == list(SHOWN)
