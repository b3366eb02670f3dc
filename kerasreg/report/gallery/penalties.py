"""A picture of L1, L2 and elastic net: their contours, and the weights that they give."""

from typing import Any

import keras
import numpy as np
from matplotlib.figure import Figure

from kerasreg import regularizers
from kerasreg._proximal import elastic_net_step

PENALTIES: dict[str, Any] = {
    "L2": regularizers.L2(1.0),
    "ElasticNet": regularizers.ElasticNet(1.0, l1_fraction=0.5),
    "L1": regularizers.L1(1.0),
}
FACTORS = {"L2": (0.0, 1.0), "ElasticNet": (0.5, 0.5), "L1": (1.0, 0.0)}
"""What each penalty has of sum |w| and of sum w², at strength 1."""
BEST = np.array([0.9, 1.7])
CURVATURE = np.array([[1.0, -0.35], [-0.35, 0.6]])
SHOWN = {"L2": 1.0, "ElasticNet": 1.2, "L1": 1.0}
WEIGHTS, EXAMPLES = 24, 30
FITTED = {"L2": 0.5, "ElasticNet": 0.35, "L1": 0.3}


def penalties() -> Figure:
    """Returns the picture: contours above, weights below."""
    figure = Figure(figsize=(8, 6.6), layout="constrained")
    figure.suptitle(
        "Corners make zeros: L1 and elastic net drop weights, L2 shrinks them", fontsize=13
    )
    for name, (above, below) in zip(PENALTIES, figure.subplots(2, 3).T, strict=True):
        _draw_contours(above, name)
        _draw_weights(below, name)
        above.set_title(name, fontsize=12, fontweight="bold")
        above.set_xlabel("weight 1")
        below.set_xlabel("number of the weight")
        if name == "L2":
            above.set_ylabel("weight 2")
            below.set_ylabel("weight")
            below.legend(fontsize=8, loc="lower left")
    return figure


def loss(weights: np.ndarray) -> np.ndarray:
    """Returns the loss of two weights, (..., 2), without the penalty."""
    off = weights - BEST
    return np.einsum("...i,ij,...j->...", off, CURVATURE, off)


def penalty(name: str, weights: np.ndarray) -> np.ndarray:
    """Returns the penalty of each row of weights."""
    values = [PENALTIES[name](keras.ops.convert_to_tensor(row)) for row in weights]
    return np.array([float(value) for value in values])


def path(name: str, strengths: np.ndarray) -> np.ndarray:
    """Returns the two weights that are best with the penalty, a row for each strength."""
    linear = 2 * CURVATURE @ BEST
    return minimum(2 * CURVATURE, linear, name, strengths)


def regression() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns inputs and outputs of a linear model, and its weights, most of which are 0."""
    random = np.random.default_rng(5)
    weights = np.zeros(WEIGHTS)
    weights[[2, 7, 8, 15, 20]] = [2.0, -1.5, 1.0, 2.5, -2.0]
    x = random.normal(size=(EXAMPLES, WEIGHTS))
    return x, x @ weights + random.normal(0, 0.7, EXAMPLES), weights


def fitted(name: str) -> np.ndarray:
    """Returns the weights of the least mean squared error plus penalty."""
    x, y, _ = regression()
    curvature, linear = 2 * x.T @ x / EXAMPLES, 2 * x.T @ y / EXAMPLES
    return minimum(curvature, linear, name, np.array([FITTED[name]]))[0]


def minimum(
    curvature: np.ndarray, linear: np.ndarray, name: str, strengths: np.ndarray, steps: int = 600
) -> np.ndarray:
    """Returns what minimizes `w A w / 2 - b w + strength * penalty(w)`, a row for each strength.

    By proximal gradient steps, with the proximal operator of the penalty.

    Args:
        curvature: The matrix A.
        linear: The vector b.
        name: A key of `PENALTIES`.
        strengths: Factors of the penalty.
        steps: Number of steps.
    """
    l1, l2 = FACTORS[name]
    factor = keras.ops.convert_to_tensor(strengths[:, None], "float64")
    step = 1 / np.linalg.eigvalsh(curvature)[-1]
    weights = np.zeros((len(strengths), len(linear)))
    for _ in range(steps):
        moved = keras.ops.convert_to_tensor(weights - step * (weights @ curvature - linear))
        stepped = elastic_net_step(moved, step, l1 * factor, l2 * factor)
        weights = keras.ops.convert_to_numpy(stepped)
    return weights


def _draw_contours(panel: Any, name: str) -> None:
    axis = np.linspace(-1.6, 2.6, 43)
    grid = np.stack(np.meshgrid(axis, axis), -1)
    chosen = path(name, np.array([SHOWN[name]]))
    found = path(name, np.logspace(-2.5, 1.5, 60))
    values = penalty(name, grid.reshape(-1, 2)).reshape(grid.shape[:2])
    at = penalty(name, chosen)[0]
    panel.contourf(axis, axis, values, levels=[0, at], colors=["#ffd8a8"])
    panel.contour(axis, axis, values, levels=at * np.array([0.3, 1, 2.2, 4]), colors="#e8590c")
    fine = np.linspace(-1.6, 2.6, 200)
    losses = loss(np.stack(np.meshgrid(fine, fine), -1))
    levels = loss(chosen)[0] * np.array([0.1, 0.4, 1, 2])
    panel.contour(fine, fine, losses, levels=levels, colors="tab:blue", linewidths=1)
    panel.plot(*found.T, color="k", linewidth=1.5)
    panel.plot(*BEST, "o", color="tab:blue")
    panel.plot(*chosen[0], "o", color="k")
    panel.axhline(0, color="gray", linewidth=0.5)
    panel.axvline(0, color="gray", linewidth=0.5)
    place = {"fontsize": 8, "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1}}
    panel.text(-1.5, 2.25, "blue: loss\norange: penalty", va="center", **place)
    panel.text(-1.5, -1.3, "black: best weights as\nthe strength grows", va="center", **place)
    panel.set_aspect("equal")


def _draw_weights(panel: Any, name: str) -> None:
    weights, true = fitted(name), regression()[-1]
    numbers = np.arange(WEIGHTS)
    panel.bar(numbers, true, width=0.9, color="#dee2e6", label="true weights")
    zero = weights == 0
    panel.plot(numbers[~zero], weights[~zero], "o", color="tab:blue", markersize=4, label="fitted")
    panel.plot(numbers[zero], weights[zero], "o", color="#e8590c", markersize=3, label="exactly 0")
    panel.axhline(0, color="gray", linewidth=0.5)
    panel.set_title(f"{zero.sum()} of {WEIGHTS} weights are 0", fontsize=10)
    panel.set_ylim(-2.9, 2.9)
