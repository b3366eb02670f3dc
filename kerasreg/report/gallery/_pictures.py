"""The table of the gallery's pictures, in their order on the page."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from kerasreg.report.gallery import augmentations
from kerasreg.report.gallery.batch_normalization import batch_normalization
from kerasreg.report.gallery.drop_block import drop_block
from kerasreg.report.gallery.dropout_masks import dropout_masks
from kerasreg.report.gallery.early_stopping import early_stopping
from kerasreg.report.gallery.fractional_pooling import fractional_pooling
from kerasreg.report.gallery.other_dropout import other_dropout
from kerasreg.report.gallery.penalties import penalties
from kerasreg.report.gallery.schedules import schedules
from kerasreg.report.gallery.toy_curve import toy_curve

Images = list[np.ndarray]


@dataclass(frozen=True)
class Picture:
    """One picture.

    Args:
        title: Its heading on the page.
        text: What there is to see.
        draw: Makes it, from square images of uint8 in color.
        suffix: The kind of its file; photographs are smaller as JPEG.
    """

    title: str
    text: str
    draw: Callable[[Images], Figure]
    suffix: str = ".png"


PICTURES = {
    "toy_curve": Picture(
        "Simple or wiggly",
        "Polynomials of degree 12 with an L2 penalty, fitted to 16 noisy points. Too strong a "
        "penalty misses the curve in the same way for all data sets (bias); too weak a one follows "
        "the noise of each (variance). The best strength is between them.",
        lambda images: toy_curve(),
    ),
    "penalties": Picture(
        "L1, L2 and elastic net",
        "Above, two weights: where the loss meets the penalty's contour are the best weights. The "
        "contours of L1 and elastic net have corners on the axes, where a weight is exactly 0. "
        "Below, a linear model with 24 weights, 5 of which are in truth not 0, and 30 examples.",
        lambda images: penalties(),
    ),
    "dropout_masks": Picture(
        "Dropout on feature maps",
        "The same feature maps through each layer, in training: single values, channels, blocks or "
        "whole examples are dropped, and what is kept is scaled up.",
        dropout_masks,
    ),
    "other_dropout": Picture(
        "Dropout of other things",
        "Weights, words and patches of an image can be dropped, too; masks can be soft, or "
        "averaged.",
        other_dropout,
    ),
    "drop_block": Picture(
        "DropBlock",
        "The rate stays and the blocks grow. Blocks overlap, so that a little less than the rate "
        "is dropped.",
        lambda images: drop_block(),
    ),
    "fractional_pooling": Picture(
        "Fractional pooling",
        "Pooling by a factor below 2: the regions, drawn anew in each training step, are 1 or 2 "
        "pixels long on each axis.",
        fractional_pooling,
    ),
    "batch_normalization": Picture(
        "Batch normalization",
        "Units of very different mean and spread all get mean 0 and standard deviation 1; at "
        "inference about so, on examples that were not trained on.",
        lambda images: batch_normalization(),
    ),
    "early_stopping": Picture(
        "Early stopping",
        "A small network on 100 handwritten digits, 30 of them with wrong labels. The validation "
        "loss turns while the training loss goes on falling; the best weights are returned.",
        lambda images: early_stopping(),
    ),
    "schedules": Picture(
        "Schedules",
        "Every strength, such as a rate or a penalty's factor, may follow one of these.",
        lambda images: schedules(),
    ),
    "augment_geometry": Picture(
        "Augmentation: geometry",
        "One draw of each operation, with its limit rising.",
        augmentations.augment_geometry,
        ".jpg",
    ),
    "augment_pixels": Picture(
        "Augmentation: pixels",
        "One draw of each operation, with its limit rising; below, those that have no strength.",
        augmentations.augment_pixels,
        ".jpg",
    ),
    "augment_mixing": Picture(
        "Augmentation: mixing",
        "Two examples become one, and the label says in which shares.",
        augmentations.augment_mixing,
        ".jpg",
    ),
    "augment_policies": Picture(
        "Augmentation: policies",
        "Operations that choose among others, each image by itself.",
        augmentations.augment_policies,
        ".jpg",
    ),
    "augment_audio": Picture(
        "Augmentation: sound",
        "Waveforms, and spectrograms with time to the right and frequency upwards.",
        lambda images: augmentations.augment_audio(),
    ),
}
