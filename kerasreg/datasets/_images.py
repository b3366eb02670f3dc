"""Decoding and resizing images, one at a time, within `tf.data`."""

from collections.abc import Callable

import tensorflow as tf

from kerasreg.datasets._reading import Reader

CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
# TensorFlow decodes these to a number of channels other than theirs, or fails.
UNCONVERTED = {".bmp", ".gif", ".webp"}
# Methods whose results are never above or below all of the pixels.
WITHIN_BOUNDS = {"bilinear", "area", "gaussian"}
ToImage = Callable[[tf.Tensor], tf.Tensor]


def reader(
    decode: ToImage, image_size: tuple[int, int] | None, color_mode: str, owner: str
) -> Reader:
    """Returns the reader of images that `decode` makes from a path."""
    shape = (*(image_size or (None, None)), CHANNELS[color_mode])
    return Reader(decode, shape, tf.uint8, owner)


def decoder(color_mode: str, extensions: set[str]) -> ToImage:
    """Returns the function from a path to an image of the channels asked for.

    Args:
        color_mode: "grayscale", "rgb" or "rgba".
        extensions: Those of the files.
    """
    channels = CHANNELS[color_mode]
    convert = bool(UNCONVERTED & extensions) or color_mode == "rgba"

    def decode(path: tf.Tensor) -> tf.Tensor:
        content = tf.io.read_file(path)
        own = 0 if convert else channels
        image = tf.io.decode_image(content, channels=own, expand_animations=False)
        if convert:
            image = _converted(image, channels)
        return tf.ensure_shape(image, (None, None, channels))

    return decode


def _converted(image: tf.Tensor, channels: int) -> tf.Tensor:
    """Returns an image of 1 to 4 channels (gray or colours, then alpha) with `channels`."""
    own = tf.shape(image)[-1]
    is_gray = own <= 2
    colours = tf.cond(is_gray, lambda: tf.repeat(image[..., :1], 3, -1), lambda: image[..., :3])
    if channels == 1:
        return tf.cond(
            is_gray, lambda: image[..., :1], lambda: tf.image.rgb_to_grayscale(image[..., :3])
        )
    if channels == 3:
        return colours
    alpha = tf.cond(
        own % 2 == 0,
        lambda: image[..., -1:],
        lambda: tf.fill([*_sides(image), 1], tf.constant(255, tf.uint8)),
    )
    return tf.concat([colours, alpha], -1)


def resizer(image_size: tuple[int, int] | None, method: str, crop: bool) -> ToImage:
    """Returns the function that gives an image its size.

    Args:
        image_size: Height and width, or None to leave it.
        method: The interpolation.
        crop: Whether to cut what would distort it.
    """

    def resize(image: tf.Tensor) -> tf.Tensor:
        if image_size is None:
            return image
        if crop:
            image = _window(image, *image_size)
        resized = tf.image.resize(image, image_size, method=method)
        if method == "nearest":
            return resized
        if method not in WITHIN_BOUNDS:
            resized = tf.clip_by_value(resized, 0, tf.uint8.max)
        # Casting cuts: a half more makes it round, in fewer passes than rounding itself.
        return tf.cast(resized + 0.5, tf.uint8)

    return resize


def _window(image: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Returns the largest window in the middle that is `height` to `width`."""
    own_height, own_width = _sides(image)
    cut_height = tf.clip_by_value(own_width * height // width, 1, own_height)
    cut_width = tf.clip_by_value(own_height * width // height, 1, own_width)
    top, left = (own_height - cut_height) // 2, (own_width - cut_width) // 2
    return image[top : top + cut_height, left : left + cut_width]


def _sides(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    shape = tf.shape(image)
    return shape[0], shape[1]
