"""What augmentation is measured against: the same changes by other libraries, through `tf.data`.

All mirror every second image, turn by up to 20 degrees, shift by up to a tenth of the size with
zeros from outside, blur by a Gaussian of up to one pixel, add normal noise and cut the values to 0
to 255. Each is written as fast as its library allows. Their blur reads three by three pixels, as
Keras' does by default, where kerasreg's Gaussian goes on to three pixels on each side. It is drawn
for every second image; Keras has no choice by image and blurs all.
"""

import os
import threading
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

Change = Callable[[tf.data.Dataset], tf.data.Dataset]
Shape = tuple[int, int, int]

DEGREES = 20
SHIFT = 0.1
BLUR_SIGMA = 1.0
BLUR_TAPS = 3
NOISE = 12.75
THREADS = 2


def cast(shape: Shape) -> Change:
    """Nothing but one read and one write."""
    return lambda dataset: dataset.map(
        lambda images: tf.cast(images, tf.float32) * 1.0, num_parallel_calls=tf.data.AUTOTUNE
    )


def keras_pipeline() -> Change:
    """Keras' layers on whole batches, in parallel; its noise wants values up to 1."""
    layers = keras.layers
    pipeline = layers.Pipeline(
        [
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(DEGREES / 360, fill_mode="constant"),
            layers.RandomTranslation(SHIFT, SHIFT, fill_mode="constant"),
            layers.RandomGaussianBlur(
                kernel_size=BLUR_TAPS, sigma=(0.01, BLUR_SIGMA), value_range=(0, 1)
            ),
            layers.GaussianNoise(NOISE / 255),
        ]
    )
    return lambda dataset: dataset.map(
        lambda images: tf.clip_by_value(
            pipeline(tf.cast(images, tf.float32) / 255, training=True), 0, 1
        ),
        num_parallel_calls=tf.data.AUTOTUNE,
    )


def opencv(shape: Shape) -> Change:
    """OpenCV image by image, batches in two threads; the GIL is free while OpenCV computes."""
    import cv2

    cv2.setNumThreads(1)
    height, width, _ = shape

    def augmented(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        degrees = generator.uniform(-DEGREES, DEGREES)
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
        matrix[0, 2] += generator.uniform(-SHIFT, SHIFT) * width
        matrix[1, 2] += generator.uniform(-SHIFT, SHIFT) * height
        if generator.random() < 0.5:
            matrix[0] = -matrix[0]
            matrix[0, 2] += width - 1
        image = cv2.warpAffine(image, matrix, (width, height))
        if generator.random() < 0.5:
            sigma = generator.uniform(0.01, BLUR_SIGMA)
            image = cv2.GaussianBlur(image, (BLUR_TAPS, BLUR_TAPS), sigma)
        return image.reshape(shape)

    def batch(images: np.ndarray) -> np.ndarray:
        generator = _generator()
        result = generator.standard_normal(images.shape, np.float32)
        result *= NOISE
        for image, noise in zip(images, result, strict=True):
            noise += augmented(image, generator)
        return np.clip(result, 0, 255, out=result)

    return _by_numpy(batch, THREADS)


def albumentations(shape: Shape) -> Change:
    """Albumentations image by image; for small images a second thread only waits for the GIL."""
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    import albumentations as A
    import cv2

    cv2.setNumThreads(1)
    local = threading.local()

    def batch(images: np.ndarray) -> np.ndarray:
        if not hasattr(local, "change"):
            local.change = A.Compose(
                [
                    A.HorizontalFlip(p=0.5),
                    A.Affine(rotate=(-DEGREES, DEGREES), translate_percent=(-SHIFT, SHIFT), p=1.0),
                    A.GaussianBlur(BLUR_TAPS, (0.01, BLUR_SIGMA), p=0.5),
                    A.GaussNoise((NOISE / 255, NOISE / 255), p=1.0),
                ]
            )
        result = np.empty(images.shape, np.float32)
        for place, image in enumerate(images):
            result[place] = local.change(image=image)["image"].reshape(image.shape)
        return result

    return _by_numpy(batch, THREADS if shape[0] > 64 else 1)


def torch_grid_sample(shape: Shape) -> Change:
    """PyTorch on whole batches, with its own threads."""
    import torch
    from torch.nn import functional

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    tap = torch.arange(BLUR_TAPS) - BLUR_TAPS // 2

    def blurred(x: torch.Tensor) -> torch.Tensor:
        count, channels = x.shape[:2]
        sigma = torch.empty(count, 1).uniform_(0.01, BLUR_SIGMA)
        taps = torch.softmax(-0.5 * (tap / sigma) ** 2, dim=1)
        weights = taps.repeat_interleave(channels, 0)
        x = x.reshape(1, count * channels, *x.shape[2:])
        x = functional.pad(x, (BLUR_TAPS // 2,) * 4, mode="reflect")
        x = functional.conv2d(x, weights[:, None, None, :], groups=count * channels)
        x = functional.conv2d(x, weights[:, None, :, None], groups=count * channels)
        return x.reshape(count, channels, *x.shape[2:])

    @torch.inference_mode()
    def batch(images: np.ndarray) -> np.ndarray:
        x = torch.from_numpy(images).permute(0, 3, 1, 2).float()
        count = len(x)
        angle = torch.empty(count).uniform_(-DEGREES, DEGREES) * np.pi / 180
        sign = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
        shift = torch.empty(2, count).uniform_(-2 * SHIFT, 2 * SHIFT)
        sine, cosine = torch.sin(angle), torch.cos(angle)
        rows = [sign * cosine, -sign * sine, shift[0], sine, cosine, shift[1]]
        grid = functional.affine_grid(
            torch.stack(rows, 1).reshape(-1, 2, 3), list(x.shape), align_corners=False
        )
        x = functional.grid_sample(x, grid, align_corners=False)
        chosen = torch.rand(count) < 0.5
        x[chosen] = blurred(x[chosen])
        x = x.add_(torch.randn_like(x), alpha=NOISE).clamp_(0, 255)
        return x.permute(0, 2, 3, 1).contiguous().numpy()

    return _by_numpy(batch, 1)


def _by_numpy(function: Callable[[np.ndarray], np.ndarray], calls: int) -> Change:
    def change(images: tf.Tensor) -> tf.Tensor:
        result = tf.numpy_function(function, [images], tf.float32, stateful=False)
        return tf.ensure_shape(result, images.shape)

    return lambda dataset: dataset.map(change, num_parallel_calls=calls)


_LOCAL = threading.local()


def _generator() -> np.random.Generator:
    if not hasattr(_LOCAL, "generator"):
        _LOCAL.generator = np.random.default_rng(threading.get_ident())
    return _LOCAL.generator
