"""Small images for the gallery's tests."""

import numpy as np


def two_images():
    """Returns two color images of 96 x 96 pixels: a gradient with a bright square, and noise."""
    rows, columns = np.indices((96, 96))
    first = np.stack([2 * rows, 2 * columns, rows + columns], -1).astype("uint8")
    first[30:50, 60:80] = 250
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3))
    return [first, noise.astype("uint8")]
