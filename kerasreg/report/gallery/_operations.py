"""Every registered augmentation as a row of operations: its strength rising, or several draws."""

import inspect
from dataclasses import dataclass, field
from typing import Any

from kerasreg._register import family, registered

COLUMNS = 4
PARTS = ("image", "audio")
DEFAULT = (0.1, 0.2, 0.4, 0.8)
RISING: dict[str, tuple[float, ...]] = {
    # By a class and its argument, by an argument, or by the last word of an argument.
    "Hue.max_degrees": (30, 60, 120, 180),
    "Speckle.stddev": (0.1, 0.2, 0.4, 0.8),
    "Elastic.alpha": (20, 40, 80, 120),
    "snr_db": (20, 10, 5, 0),
    "db": (2, 4, 6, 8),
    "frequencies": (4, 8, 12, 16),
    "steps": (5, 10, 15, 20),
    "warp": (2, 5, 10, 15),
    "max_degrees": (10, 20, 40, 80),
    "max_in_fraction": (0.1, 0.2, 0.3, 0.4),
    "degrees": (5, 10, 20, 30),
    "fraction": (0.1, 0.2, 0.3, 0.4),
    "delta": (0.1, 0.2, 0.3, 0.5),
    "change": (0.25, 0.5, 0.75, 1.0),
    "share": (0.2, 0.4, 0.6, 0.9),
    "bits": (4, 5, 6, 7),
    "stddev": (10, 20, 40, 80),
    "sigma_pixels": (0.5, 1, 2, 4),
    "side": (0.2, 0.3, 0.45, 0.6),
    "area": (0.05, 0.1, 0.2, 0.4),
    "ratio": (0.3, 0.45, 0.6, 0.75),
    "magnitude": (2.5, 5, 7.5, 10),
    "max_magnitude": (2.5, 5, 7.5, 10),
    "severity": (1, 3, 6, 10),
}
STEADY: dict[str, dict[str, Any]] = {
    # What else a class needs, or what shows more of it than the default does.
    "Crop": {"height": 72, "width": 72, "scale": (0.1, 0.8)},
    "Elastic": {"sigma_pixels": 4},
    "SomeOf": {"count": 2},
    "MixUp": {"alpha": 1.0, "classes": 2},
    "CutMix": {"classes": 2},
    "MixUpOrCutMix": {"mix_up_alpha": 1.0, "classes": 2},
}


@dataclass(frozen=True)
class Row:
    """One augmentation.

    Args:
        name: Its class.
        page: The picture that it belongs to.
        words: What rises, as the arguments' names; else what it is made of, or nothing.
        labels: What stands below each column.
        operations: One for each column; one for all columns, for several draws.
    """

    name: str
    page: str
    words: str
    labels: list[str] = field(default_factory=list)
    operations: list[Any] = field(default_factory=list)


def rows() -> list[Row]:
    """Returns a row for each registered augmentation of images and of sound, by name."""
    from kerasreg.augment import Operation

    classes = [cls for cls in registered() if family(cls) == "augment"]
    pictured = [cls for cls in classes if issubclass(cls, Operation) and cls.part in PARTS]
    return [_row(cls) for cls in sorted(pictured, key=lambda cls: cls.__name__)]


def series(name: str, argument: str) -> tuple[float, ...]:
    """Returns the rising values of an argument of a class."""
    for key in (f"{name}.{argument}", argument, argument.rpartition("_")[2]):
        if key in RISING:
            return RISING[key]
    return DEFAULT


def _row(cls: Any) -> Row:
    name, page = cls.__name__, _page(cls)
    steady = dict(STEADY.get(name, {}))
    parameters = inspect.signature(cls).parameters
    words = ""
    if "operations" in parameters:
        steady["operations"] = _members()
        words = "of " + ", ".join(type(each).__name__ for each in steady["operations"])
    if cls.strengths == () or page == "mixing":
        for argument, parameter in parameters.items():
            if parameter.default is parameter.empty and argument not in steady:
                steady[argument] = series(name, argument)[-1]
        return Row(name, page, words, operations=[cls(**steady)])
    values = {argument: series(name, argument) for argument in cls.strengths}
    columns = [{each: values[each][i] for each in values} for i in range(COLUMNS)]
    labels = [f"{next(iter(column.values())):g}" for column in columns]
    made = [cls(**steady, **column) for column in columns]
    return Row(name, page, ", ".join(values), labels, made)


def _page(cls: Any) -> str:
    folder = cls.__module__.split(".")[2]
    if folder == "mix":
        return "mixing"
    if folder == "policy":
        return "policies"
    if folder == "audio":
        return "audio"
    return "geometry" if cls.kind == "geometric" else "pixels"


def _members() -> list[Any]:
    from kerasreg import augment

    return [augment.Rotate(40), augment.Hue(180), augment.Cutout(0.4)]
