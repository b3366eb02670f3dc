"""The embedded digits: 1,797 handwritten digits of 8x8 pixels."""

import importlib.resources

import numpy as np

SIZES = {"train": 1000, "validation": 297, "test": 500}
CLASS_NAMES = tuple("0123456789")
VALUE_RANGE = (0, 16)
SOURCE = "https://doi.org/10.24432/C50P49"
LICENCE = "CC BY 4.0"
CITATION = """@misc{alpaydin1998digits,
  author = {Alpaydin, E. and Kaynak, C.},
  title = {{Optical Recognition of Handwritten Digits}},
  year = {1998},
  howpublished = {UCI Machine Learning Repository},
  doi = {10.24432/C50P49},
}"""


def read_digits() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Returns the images (uint8, 0 to 16) and the labels (int64) of each split, by its name."""
    file = importlib.resources.files("kerasreg.datasets") / "digits.npz"
    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
        images, labels = arrays["images"], arrays["labels"].astype(np.int64)
    ends = np.cumsum(list(SIZES.values()))
    starts = ends - list(SIZES.values())
    return {
        name: (images[start:end], labels[start:end])
        for name, start, end in zip(SIZES, starts, ends, strict=True)
    }
