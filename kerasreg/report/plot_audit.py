"""A figure of which augmentation takes which class too far."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from kerasreg import _checks

if TYPE_CHECKING:
    from kerasreg.augment import AuditReport

_OWNER = "plot_audit"
NAMED = 6  # Classes that are told apart by colour; more would not be.


def plot_audit(report: "AuditReport") -> Figure:
    """What each augmentation costs each class at growing strength, and what it is taken for.

    A row for each operation. On the left, for each class, the share of its examples that looks
    like other classes, beyond that without augmentation, over the strength; the classes beyond
    the tolerance are named. On the right, at full strength, which class (row) looks like which
    (column).

    Args:
        report: What `kerasreg.augment.audit` returned.

    Returns:
        A `matplotlib.figure.Figure`: `figure.savefig("audit.png")` writes it, and a notebook shows
        it.

    Raises:
        TypeError: If `report` is something else.

    Example:
        >>> import kerasreg
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Rotate(180)], seed=1)
        >>> digits = kerasreg.datasets.load("digits").train.as_dataset(100)
        >>> report = kerasreg.augment.audit(augmenter, digits, examples=200, steps=2)
        >>> figure = kerasreg.report.plot_audit(report)
        >>> figure.axes[0].get_title()
        'Rotate'
    """
    # Needs TensorFlow, which the other figures do not.
    from kerasreg.augment import AuditReport

    _checks.instance("report", report, _OWNER, AuditReport, "what kerasreg.augment.audit returned")
    named = report._named()
    figure = Figure(figsize=(10, 4 * len(named)), layout="constrained")
    panels = figure.subplots(len(named), 2, squeeze=False)
    for (left, right), (name, curve) in zip(panels, named, strict=True):
        _draw_curves(left, name, curve, report)
        _draw_matrix(right, curve, report)
    return figure


def _draw_curves(panel, name, curve, report):
    lost = np.array([report._lost(curve, place) for place in range(len(report.labels))])
    worst = [place for place in np.argsort(-lost.max(axis=1)) if lost[place].max() > 0]
    too_far = [place for place in worst if lost[place].max() > report.tolerance][:NAMED]
    for place, values in enumerate(lost):
        if place not in too_far:
            panel.plot(curve.factors, values, color="0.8", linewidth=1)
    for place in too_far:
        other = report.looks_like(name, report.labels[place])
        label = f"{report.labels[place]} (like {other})"
        panel.plot(curve.factors, lost[place], marker="o", markersize=3, label=label)
    panel.axhline(report.tolerance, color="0.4", linestyle=":", label="tolerance")
    panel.legend(fontsize=8)
    panel.set_title(name)
    panel.set_xlabel("part of its strength")
    panel.set_ylabel("share that looks like others")


def _draw_matrix(panel, curve, report):
    gained = report._gained(curve)[-1]
    image = panel.imshow(np.clip(gained, 0, 1), cmap="Reds", vmin=0, vmax=max(0.1, gained.max()))
    places = range(len(report.labels))
    panel.set_xticks(places, [str(each) for each in report.labels], fontsize=8)
    panel.set_yticks(places, [str(each) for each in report.labels], fontsize=8)
    panel.set_xlabel("looks like")
    panel.set_ylabel("class")
    panel.set_title("at full strength")
    panel.figure.colorbar(image, ax=panel, shrink=0.8)
