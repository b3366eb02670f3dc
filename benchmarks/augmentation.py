"""Cases of augmentation through `tf.data`, from uint8 images to float32 ones."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import tensorflow as tf

from benchmarks import augmentation_peers as peers
from benchmarks.augmentation_peers import BLUR_SIGMA, DEGREES, NOISE, SHIFT
from benchmarks.cases import Case
from benchmarks.measure import Prepared
from benchmarks.peers import Step
from kerasreg import augment, datasets

SMALL_GOALS = {
    "Keras Pipeline": 3.0,
    "OpenCV per image": 1.2,
    "albumentations per image": 5.0,
    "torch grid_sample": 1.0,
}
LARGE_GOALS = SMALL_GOALS | {"Keras Pipeline": 4.0, "albumentations per image": 1.5}
PER_BATCH = {
    "OpenCV per image": peers.opencv,
    "albumentations per image": peers.albumentations,
    "torch grid_sample": peers.torch_grid_sample,
    "floor: batch and cast": peers.cast,
}
# Batches before the timed ones, in which `tf.data` finds out how many to make at a time.
WARM_UP = 4


def cases(file: Path | None) -> list[Case]:
    """Returns the cases, on the embedded digits or the first images in an NPZ file."""
    return [
        *_rows(file, 256, (28, 28, 1), 30, SMALL_GOALS),
        *_rows(file, 256, (32, 32, 3), 20, SMALL_GOALS),
        *_rows(file, 32, (224, 224, 3), 10, LARGE_GOALS),
    ]


def _rows(
    file: Path | None,
    batch: int,
    shape: tuple[int, int, int],
    batches: int,
    goals: dict[str, float],
) -> list[Case]:
    """Returns the case of many batches, and that of the first one."""
    name = f"flip, rotate, shift, blur, noise at {'x'.join(map(str, shape))}, batches of {batch}"
    makers = {"Keras Pipeline": peers.keras_pipeline} | {
        peer: partial(make, shape) for peer, make in PER_BATCH.items()
    }

    def step(make: Callable[[], peers.Change], first: bool = False) -> Step | Prepared:
        images = _resized(_source(file), batch * (WARM_UP + batches), shape)
        dataset = tf.data.Dataset.from_tensor_slices(images).batch(batch)
        dataset = make()(dataset)
        return partial(next_batch, dataset) if first else Stretch(dataset)

    many = Case(
        group="augmentation",
        name=name,
        ours=partial(step, _ours),
        peers={peer: partial(step, make) for peer, make in makers.items()},
        at_least=goals,
        items=batch * batches,
    )
    first = Case(
        group="augmentation",
        name=f"{name}, first batch of an epoch",
        ours=partial(step, _ours, first=True),
        peers={"Keras Pipeline": partial(step, peers.keras_pipeline, first=True)},
    )
    return [many, first]


class Stretch:
    """A stretch of an epoch: its start, and some batches that are under way, are not timed."""

    def __init__(self, dataset: tf.data.Dataset):
        self._dataset = dataset
        self._iterator = iter(())

    def prepare(self) -> None:
        """Begins an epoch."""
        self._iterator = iter(self._dataset)
        for _ in range(WARM_UP):
            next(self._iterator)

    def __call__(self) -> None:
        """Goes to the end of the epoch, when nothing is under way any more."""
        for _ in self._iterator:
            pass


def next_batch(dataset: tf.data.Dataset) -> object:
    """Begins an epoch and returns its first batch."""
    return next(iter(dataset))


def _ours() -> peers.Change:
    return augment.Augmenter(
        [
            augment.Flip(),
            augment.Rotate(DEGREES),
            augment.Shift(SHIFT, SHIFT),
            augment.Blur((0, BLUR_SIGMA), probability=0.5),
            augment.GaussianNoise(NOISE),
        ],
        seed=1,
        value_range=(0, 255),
    )


def _source(file: Path | None) -> np.ndarray:
    if file is None:
        digits = datasets.load("digits").train.images[:1000]
        return (digits / digits.max() * 255).astype("uint8")
    with np.load(file) as arrays:
        for array in arrays.values():
            if array.dtype == np.uint8 and array.ndim >= 3:
                array = array[:1000]
                return array if array.ndim == 4 else array[..., None]
    raise ValueError(f"{file} holds no uint8 images")


def _resized(source: np.ndarray, count: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Returns `count` images of a shape, the source's over and over."""
    height, width, channels = shape
    images = tf.image.resize(source[:count], (height, width), antialias=True).numpy()
    if channels == 1:
        images = images.mean(axis=-1, keepdims=True)
    images = np.broadcast_to(images, (*images.shape[:3], channels))
    images = np.clip(np.round(images), 0, 255).astype("uint8")
    return images[np.arange(count) % len(images)]
