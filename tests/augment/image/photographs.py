"""Real photographs, and what Pillow makes of them."""

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

from kerasreg import augment


def _windows():
    """Returns small windows of two photographs, of a size that is not square."""
    china, flower = load_sample_images().images
    places = [(100, 200), (200, 100), (60, 320)]
    cut = [each[y : y + 30, x : x + 41] for each in (china, flower) for y, x in places]
    return np.stack(cut)


PHOTOGRAPHS = _windows()


def pillow(function, *amounts, images=PHOTOGRAPHS):
    """Returns what a function of a Pillow image makes of each image, with an amount for each."""
    pairs = zip(images, amounts or [None] * len(images), strict=True)
    results = [
        function(Image.fromarray(each), *([] if amount is None else [float(amount)]))
        for each, amount in pairs
    ]
    return np.stack([np.asarray(each, "float32") for each in results])


def draws(operation, name, count=20_000, epoch=0):
    """Returns what an operation draws for a parameter."""
    (drawn,) = augment.Augmenter([operation], seed=3, value_range=(0, 1)).draw(range(count), epoch)
    return drawn[name].numpy()
