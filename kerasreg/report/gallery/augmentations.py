"""Pictures of every augmentation of images and of sound, with its strength rising."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from kerasreg.report.gallery._operations import COLUMNS, Row, rows

Images = list[np.ndarray]
Strip = tuple[str, str, list[tuple[np.ndarray, str]]]

TITLES = {
    "geometry": "Augmentation that moves pixels: the strength rises from left to right",
    "pixels": "Augmentation that changes pixels: the strength rises from left to right",
    "mixing": "Augmentation that mixes two examples and their labels: four draws",
    "policies": "Policies choose among operations for each image",
    "audio": "Augmentation of sound: the strength rises from left to right",
}
DRAWS = 12
SAMPLES, STEPS, BANDS = 400, 60, 40


def augment_geometry(images: Images) -> Figure:
    """Returns the picture of what moves pixels."""
    return _page("geometry", images)


def augment_pixels(images: Images) -> Figure:
    """Returns the picture of what changes the values of pixels."""
    return _page("pixels", images)


def augment_mixing(images: Images) -> Figure:
    """Returns the picture of what mixes two examples."""
    return _page("mixing", images)


def augment_policies(images: Images) -> Figure:
    """Returns the picture of what chooses among operations."""
    return _page("policies", images)


def augment_audio() -> Figure:
    """Returns the picture of what changes waveforms and spectrograms."""
    return _page("audio", [])


def cells(row: Row, images: Images) -> list[tuple[np.ndarray, str]]:
    """Returns the images of a row, each with what stands below it."""
    if row.page == "mixing":
        return _mixed(row, images)
    first = _example(row, images)
    if not row.labels:
        made = _applied(row.operations[0], first, COLUMNS)
        different = [i for i in range(COLUMNS) if not any(map(_same(made[i]), made[:i]))]
        labels = [f"draw {n}" for n in range(1, COLUMNS + 1)] if len(different) > 1 else [""]
        return [(made[i], label) for i, label in zip(different, labels, strict=False)]
    strips = [_applied(each, first, DRAWS) for each in row.operations]
    # Draws are the same at every strength: that which changes most shows what the strength does.
    changes = [_difference(each, first) for each in strips[-1]]
    chosen = int(np.argmax(changes))
    return [(strip[chosen], label) for strip, label in zip(strips, row.labels, strict=True)]


def waveform() -> np.ndarray:
    """Returns a short sound: three syllables of rising pitch, not the same upside down."""
    time = np.linspace(0, 1, SAMPLES, endpoint=False)
    syllables = np.abs(np.sin(3 * np.pi * time)) * np.exp(-1.5 * time)
    phase = 2 * np.pi * (10 * time + 10 * time**2)
    return (syllables * (np.sin(phase) - 0.5 * np.cos(2 * phase))).astype("float32")


def spectrogram() -> np.ndarray:
    """Returns the logarithm of a spectrogram of noisy rising tones, of mean 0, (steps, bands)."""
    steps, bands = np.indices((STEPS, BANDS))
    tones = sum(np.exp(-((bands - k * (6 + steps / 12)) ** 2) / 2) / k for k in (1, 2, 3))
    loudness = 0.15 + np.abs(np.sin(3 * np.pi * steps / STEPS))
    noise = np.random.default_rng(0).uniform(0.05, 0.15, (STEPS, BANDS))
    levels = np.log(tones * loudness + noise)
    return (levels - levels.mean()).astype("float32")


def _example(row: Row, images: Images) -> np.ndarray:
    if row.page != "audio":
        return images[0]
    return waveform() if row.operations[0].rank == 1 else spectrogram()


def _applied(operation: Any, image: np.ndarray, draws: int) -> np.ndarray:
    batch = np.repeat(image[None], draws, 0)
    return _augmenter(operation).apply(batch, index=0).numpy()


def _mixed(row: Row, images: Images) -> list[tuple[np.ndarray, str]]:
    other = images[1] if len(images) > 1 else images[0][::-1]
    augmenter = _augmenter(row.operations[0])
    element = np.stack([images[0], other]), np.array([0, 1], "int32")
    found = []
    for epoch in range(10 * COLUMNS):
        mixed, labels = (each.numpy() for each in augmenter.apply(element, index=0, epoch=epoch))
        if 0.1 < labels[0, 0] < 0.95:  # one that is not mixed shows nothing
            found.append((mixed[0], f"{labels[0, 0]:.0%} first,\n{labels[0, 1]:.0%} second"))
    return found[:COLUMNS]


def _augmenter(operation: Any) -> Any:
    from kerasreg.augment import Augmenter

    options: dict[str, Any] = {"seed": 1, "jit_compile": False}
    if operation.part == "image":
        options |= {"dtype": "uint8", "value_range": (0, 255)}
    return Augmenter([operation], **options)


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    if one.shape != other.shape:
        return 0.0
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


def _same(one: np.ndarray) -> Any:
    return lambda other: np.array_equal(one, other)


def _page(page: str, images: Images) -> Figure:
    strips = list(_strips(page, images))
    lines = -(-len(strips) // 2)
    figure = Figure(figsize=(8, 0.3 + 1.55 * lines), layout="constrained")
    figure.suptitle(TITLES[page], fontsize=12)
    parts = figure.subfigures(lines, 2, squeeze=False, wspace=0.02).flat
    for strip, part in zip(strips, parts, strict=False):
        _draw(part, *strip)
    return figure


def _strips(page: str, images: Images) -> Iterator[Strip]:
    """Gives the heading, the line below it and the images of each strip of a picture."""
    if page == "audio":
        yield "original", "", [(waveform(), "a waveform"), (spectrogram(), "a spectrogram")]
    elif page == "mixing" and len(images) > 1:
        yield "original", "", [(images[0], "the first example"), (images[1], "the second")]
    else:
        yield "original", "", [(images[0], "")]
    single = []
    for row in rows():
        if row.page == page:
            found = cells(row, images)
            if len(found) > 1:
                yield row.name, row.words, found
            else:
                single += [(image, row.name) for image, _ in found]
    for start in range(0, len(single), COLUMNS):
        yield "without a strength", "", single[start : start + COLUMNS]


def _draw(part: Any, heading: str, words: str, images: list[tuple[np.ndarray, str]]) -> None:
    words = words if len(words) < 60 else words[: words.rindex(",", 0, 60)] + ", ..."
    panels = part.subplots(1, COLUMNS)
    panels[0].set_title(" ", fontsize=10, pad=14)
    place = {"xycoords": "axes fraction", "textcoords": "offset points", "annotation_clip": False}
    lines = ((heading, 15, {"fontsize": 10, "fontweight": "bold"}), (words, 4, {"fontsize": 7.5}))
    for text, above, style in lines:
        panels[0].annotate(text, (0, 1), (0, above), **place, **style).set_in_layout(False)
    for panel in panels:
        panel.set_axis_off()
    for panel, (image, label) in zip(panels, images, strict=False):
        _show(panel, image)
        panel.text(0.5, -0.05, label, fontsize=8, ha="center", va="top", transform=panel.transAxes)


def _show(panel: Any, example: np.ndarray) -> None:
    if example.ndim == 1:
        panel.set_axis_on()
        panel.set(xticks=[], yticks=[], ylim=(-2, 2), xlim=(0, len(example)), box_aspect=1)
        panel.plot(example, linewidth=0.7)
    elif example.ndim == 2:
        panel.imshow(example.T, origin="lower", aspect="auto", vmin=-1.5, vmax=2.5)
        panel.set_box_aspect(1)
    else:
        panel.imshow(example, interpolation="nearest")
