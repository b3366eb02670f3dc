"""The images that the gallery's pictures show: given ones, those of the folder, or digits."""

from pathlib import Path

import numpy as np
from matplotlib import image as files

from kerasreg import _checks

SIZE = 96
CREDITS = "photographs.txt"
_OWNER = "write_gallery"


def photographs(folder: Path, given: list[Path]) -> list[np.ndarray]:
    """Returns square images of uint8 in color; keeps given ones, so that pages remake themselves.

    Args:
        folder: Where the pictures go.
        given: Files with images; empty for those that the folder keeps, or embedded digits.
    """
    if given:
        images = [squared(_read(file), file) for file in given]
        for file in folder.glob("photograph-*.png"):
            file.unlink()
        for number, each in enumerate(images, 1):
            files.imsave(folder / f"photograph-{number}.png", each)
        return images
    kept = sorted(folder.glob("photograph-*.png"))
    return [squared(_read(file), file) for file in kept] or digits()


def digits() -> list[np.ndarray]:
    """Returns two of the embedded digits."""
    from kerasreg.datasets import load

    found = load("digits").train.images[:2, ..., 0].astype(float) / 16
    gray = np.kron(255 * found, np.ones((1, SIZE // 8, SIZE // 8))).round().astype("uint8")
    return [np.repeat(each[..., None], 3, -1) for each in gray]


def squared(image: np.ndarray, file: Path) -> np.ndarray:
    """Returns the middle of an image, a square of `SIZE` pixels made of means."""
    height, width = image.shape[:2]
    side = min(height, width)
    if side < SIZE:
        expected = f"an image of at least {SIZE} x {SIZE} pixels"
        _checks.refuse("images", str(file), _OWNER, f"{expected}, not {width} x {height}")
    top, left = (height - side) // 2, (width - side) // 2
    edges = np.arange(SIZE) * side // SIZE
    middle = image[top : top + side, left : left + side].astype(float)
    for axis in (0, 1):
        sizes = np.diff([*edges, side]).reshape([-1 if each == axis else 1 for each in range(3)])
        middle = np.add.reduceat(middle, edges, axis) / sizes
    return middle.round().astype("uint8")


def _read(file: Path) -> np.ndarray:
    try:
        image = files.imread(file)
    except FileNotFoundError:
        _checks.refuse("images", str(file), _OWNER, "files that exist")
    except (OSError, SyntaxError, ValueError):
        _checks.refuse("images", str(file), _OWNER, "files with images, such as PNG or JPEG")
    if image.dtype != np.uint8:
        image = (255 * np.clip(image, 0, 1)).round().astype("uint8")
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, -1)
    return image[..., :3]
