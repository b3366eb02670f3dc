"""A picture of the trade between bias and variance: polynomials with an L2 penalty."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

DEGREE, POINTS, NOISE, DATA_SETS = 12, 16, 0.3, 200
STRENGTHS = np.logspace(-9, 2, 45)
SHOWN = {"too simple": 10.0, "about right": 1e-3, "wiggly": 1e-9}
THIN = 25


def toy_curve() -> Figure:
    """Returns the picture: fits above, bias and variance below."""
    figure = Figure(figsize=(8, 6.8), layout="constrained")
    figure.suptitle("Simple or wiggly: how strong should the penalty be?", fontsize=13)
    panels: dict[str, Any] = figure.subplot_mosaic([list("abc"), list("ddd")])
    for key, (words, strength) in zip("abc", SHOWN.items(), strict=True):
        _draw_fits(panels[key], words, strength)
    panels["a"].set_ylabel("y")
    panels["b"].legend(fontsize=8, loc="lower center")
    below = panels["d"]
    bias, variance = bias_and_variance()
    below.loglog(STRENGTHS, bias, label="bias²: the mean fit is off the truth")
    below.loglog(STRENGTHS, variance, label="variance: the fits differ from each other")
    below.loglog(STRENGTHS, bias + variance, "k", label="their sum: the error at new points")
    for words, strength in SHOWN.items():
        below.axvline(strength, color="gray", linestyle=":", linewidth=1)
        below.text(strength, 1.02, words, transform=below.get_xaxis_transform(), ha="center")
    below.set(xlabel="strength of the L2 penalty", ylabel="squared error", ylim=(1e-3, 10))
    below.invert_xaxis()
    below.legend(fontsize=8, loc="upper center")
    below.grid(alpha=0.3)
    return figure


def truth(x: np.ndarray) -> np.ndarray:
    """Returns the curve that is to be learned."""
    return np.sin(np.pi * x)


def samples(data_sets: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the places of the points, and a row of noisy values for each data set."""
    x = np.linspace(-1, 1, POINTS)
    noise = np.random.default_rng(3).normal(0, NOISE, (data_sets, POINTS))
    return x, truth(x) + noise


def powers(x: np.ndarray) -> np.ndarray:
    """Returns the inputs of the model: x, x², x³ and so on."""
    return x[:, None] ** np.arange(1, DEGREE + 1)


def fit(x: np.ndarray, y: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns the kernel and the bias with the least mean squared error plus penalty.

    The penalty is that of `kerasreg.regularizers.L2(strength)` on the kernel.

    Args:
        x: Places, (points,).
        y: Values, (data sets, points).
        strength: Factor of the sum of squares.
    """
    inputs = powers(x)
    middle = inputs.mean(0)
    centred = inputs - middle
    normal = centred.T @ centred / len(x) + strength * np.eye(DEGREE)
    kernel = np.linalg.solve(normal, centred.T @ (y - y.mean(1, keepdims=True)).T / len(x))
    return kernel, y.mean(1) - middle @ kernel


def curves(at: np.ndarray, strength: float, data_sets: int) -> np.ndarray:
    """Returns a row of predictions for each data set."""
    kernel, bias = fit(*samples(data_sets), strength)
    return (powers(at) @ kernel + bias).T


def bias_and_variance() -> tuple[np.ndarray, np.ndarray]:
    """Returns the squared bias and the variance at each strength, means over the places."""
    at = np.linspace(-1, 1, 101)
    bias, variance = [], []
    for strength in STRENGTHS:
        predicted = curves(at, strength, DATA_SETS)
        bias.append(np.mean((predicted.mean(0) - truth(at)) ** 2))
        variance.append(np.mean(predicted.var(0)))
    return np.array(bias), np.array(variance)


def _draw_fits(panel: Any, words: str, strength: float) -> None:
    at = np.linspace(-1, 1, 201)
    predicted = curves(at, strength, THIN + 1)
    panel.plot(at, predicted[1:].T, color="tab:blue", linewidth=0.5, alpha=0.35)
    panel.plot([], [], color="tab:blue", linewidth=0.5, label=f"{THIN} other data sets")
    panel.plot(at, predicted[0], color="tab:red", linewidth=2, label="fit to the points")
    panel.plot(at, truth(at), "k--", linewidth=1, label="truth")
    x, y = samples(1)
    panel.plot(x, y[0], "o", color="tab:red", markersize=4)
    panel.set(title=f"{words}: strength {strength:g}", xlabel="x", ylim=(-3.4, 2.3))
    panel.title.set_fontsize(10)
