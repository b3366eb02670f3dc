"""What an audit of an augmentation found."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kerasreg import _checks
from kerasreg.augment._strengths import limit_at
from kerasreg.augment.operation import Operation

if TYPE_CHECKING:
    from kerasreg.augment.augmenter import Augmenter


class Curve(NamedTuple):
    """What an operation does at growing strength.

    Args:
        operation: The operation.
        factors: The strengths tried, as parts of the operation's own, the first of them 0.
        shares: Array `(strengths, 2, classes, classes)`, with draws to either side: the share of
            each class that looks like each class.
    """

    operation: Operation
    factors: tuple[float, ...]
    shares: np.ndarray


class Finding(NamedTuple):
    """A class that an operation takes too far.

    Args:
        operation: The operation's name.
        label: The class.
        looks_like: The class that most of the examples lost are taken for.
        share: Share of the class, beyond that at strength 0, that looks like other classes.
        limit: What its limit should be, as `limits` of the operation take it for this class.
    """

    operation: str
    label: Any
    looks_like: Any
    share: float
    limit: dict[str, float]


@dataclass(frozen=True, eq=False)
class AuditReport:
    """What `kerasreg.augment.audit` found; printed, a table.

    Args:
        audited: The augmenter that was looked at.
        labels: The labels of the classes.
        curves: What each operation does at growing strength.
        tolerance: Share of a class that may be lost.
    """

    audited: "Augmenter"
    labels: tuple[Any, ...]
    curves: tuple[Curve, ...]
    tolerance: float

    @property
    def findings(self) -> list[Finding]:
        """The classes taken too far, by operation."""
        return [
            self._finding(curve, place)
            for curve in self.curves
            for place in range(len(self.labels))
            if self._lost(curve, place).max() > self.tolerance
        ]

    @property
    def limits(self) -> dict[str, dict[Any, dict[str, float]]]:
        """The limits proposed, `{operation: {label: {argument: number}}}`."""
        result: dict[str, dict[Any, dict[str, float]]] = {}
        for each in self.findings:
            result.setdefault(each.operation, {})[each.label] = each.limit
        return result

    @property
    def augmenter(self) -> "Augmenter":
        """An augmenter like the one audited, with the limits proposed."""
        return type(self.audited).from_config(
            {
                **self.audited.get_config(),
                "operations": [self._limited(each) for each in self.audited.operations],
            }
        )

    def looks_like(self, operation: str, label: Any) -> Any:
        """Returns the class that examples of a class are taken for most, None if for none.

        Args:
            operation: Name of an operation.
            label: Label of the class.
        """
        names = [name for name, _ in self._named()]
        curve = dict(self._named()).get(operation)
        if curve is None:
            _checks.refuse("operation", operation, self, f"one of {names}")
        if label not in self.labels:
            _checks.refuse("label", label, self, f"one of {list(self.labels)}")
        place = self.labels.index(label)
        gained = self._gained(curve)[:, place].max(axis=0)
        return self.labels[gained.argmax()] if gained.max() > 0 else None

    def plot(self) -> Any:
        """Returns a `matplotlib.figure.Figure`: what is lost of each class at which strength."""
        import kerasreg

        figures: Any = kerasreg.report
        return figures.plot_audit(self)

    def __str__(self) -> str:
        """Returns a line for each class that an operation takes too far."""
        found = self.findings
        if not found:
            return f"No class loses more than {self.tolerance:.0%} of its examples to others."
        rows = [("operation", "class", "looks like", "lost", "limit")]
        for each in found:
            limit = ", ".join(f"{name} {value:.3g}" for name, value in each.limit.items())
            label, other = str(each.label), str(each.looks_like)
            words = (each.operation, label, other, f"{each.share:.0%}", limit)
            rows.append(words)
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join(lines)

    def _named(self) -> list[tuple[str, Curve]]:
        """Returns the curves with names, which are the classes' unless two are of one class."""
        kinds = [type(curve.operation).__name__ for curve in self.curves]
        return [
            (kind if kinds.count(kind) == 1 else f"{kind} {kinds[: i + 1].count(kind)}", curve)
            for i, (kind, curve) in enumerate(zip(kinds, self.curves, strict=True))
        ]

    def _name(self, curve: Curve) -> str:
        return next(name for name, each in self._named() if each is curve)

    def _gained(self, curve: Curve) -> np.ndarray:
        """Returns how much more of each class looks like each other, `(strengths, ...)`."""
        gained = (curve.shares - curve.shares[:1]).max(axis=1)
        gained[:, np.eye(len(self.labels), dtype=bool)] = 0
        return gained

    def _lost(self, curve: Curve, place: int) -> np.ndarray:
        """Returns how much more of a class looks like others, at each strength."""
        own = curve.shares[:, :, place, place]
        return (own[:1] - own).max(axis=1)

    def _finding(self, curve: Curve, place: int) -> Finding:
        lost = self._lost(curve, place)
        first = int(np.argmax(lost > self.tolerance))
        operation = curve.operation
        names = operation.strengths or ("probability",)
        factor = curve.factors[first - 1]
        limit = {name: limit_at(operation, name, factor) for name in names}
        looks_like = self.labels[self._gained(curve)[:, place].max(axis=0).argmax()]
        return Finding(self._name(curve), self.labels[place], looks_like, float(lost.max()), limit)

    def _limited(self, operation: Operation) -> Operation:
        config = operation.get_config()
        if hasattr(operation, "operations"):
            config["operations"] = [self._limited(each) for each in operation.operations]
            return type(operation).from_config(config)
        for name, curve in self._named():
            if curve.operation == operation and name in self.limits:
                before = dict(operation.limits or {})
                config["limits"] = [*{**before, **self.limits[name]}.items()]
        return type(operation).from_config(config)
