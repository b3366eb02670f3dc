"""One resampling of a batch of images along an affine map for each image."""

import tensorflow as tf

from kerasreg.augment.image._edges import inside, is_inside

INTERPOLATIONS = ("bilinear", "nearest")


def warp(
    images: tf.Tensor,
    maps: tf.Tensor,
    *,
    fill_mode: str,
    fill_value: float,
    interpolation: str,
) -> tf.Tensor:
    """Returns images whose pixels are read where the maps say, as float32.

    Positions are relative to the centre of the image, in pixels, x to the right and y down:
    output pixel (x, y) is read at `(m[0] x + m[1] y + m[2], m[3] x + m[4] y + m[5])`.

    Args:
        images: Tensor of shape `(images, height, width, channels)`.
        maps: float32 tensor of shape `(images, 6)`.
        fill_mode: What lies outside an image, one of `FILL_MODES`.
        fill_value: The value outside for "constant".
        interpolation: One of `INTERPOLATIONS`.
    """
    shape = tf.shape(images)
    row, column = _positions(maps, shape[1], shape[2])
    sampler = _Sampler(images, fill_mode, fill_value)
    if interpolation == "nearest":
        return sampler.nearest(tf.floor(row + 0.5), tf.floor(column + 0.5))
    return sampler.bilinear(row, column)


def _positions(maps: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    middle_x = tf.cast(width - 1, tf.float32) / 2
    middle_y = tf.cast(height - 1, tf.float32) / 2
    x = (tf.range(tf.cast(width, tf.float32)) - middle_x)[None, None, :]
    y = (tf.range(tf.cast(height, tf.float32)) - middle_y)[None, :, None]
    m = tf.reshape(maps, [-1, 6, 1, 1])
    column = m[:, 0] * x + m[:, 1] * y + m[:, 2] + middle_x
    row = m[:, 3] * x + m[:, 4] * y + m[:, 5] + middle_y
    return _bounded(row, height), _bounded(column, width)


def _bounded(position: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Keeps positions within what an int32 holds, far enough outside to change nothing."""
    far = tf.cast(size, tf.float32) * 64
    return tf.clip_by_value(position, -far, far)


class _Sampler:
    """Reads the pixels of a batch of images at positions that may lie outside."""

    def __init__(self, images: tf.Tensor, fill_mode: str, fill_value: float):
        size = tf.shape(images)
        self.pixels = tf.reshape(images, [-1, size[3]])
        self.height, self.width = size[1], size[2]
        self.first_row = tf.range(size[0])[:, None, None] * self.height
        self.fill_mode = fill_mode
        self.fill_value = fill_value

    def nearest(self, row: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
        known = self._weight(row, self.height) * self._weight(column, self.width)
        values = self._read(row, column)
        return self._filled(values * known[..., None], known)

    def bilinear(self, row: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
        top, left = tf.floor(row), tf.floor(column)
        down, right = row - top, column - left
        # A pixel outside counts nothing here; `_filled` puts the fill value in its place.
        upper = (1 - down) * self._weight(top, self.height)
        lower = down * self._weight(top + 1, self.height)
        near = (1 - right) * self._weight(left, self.width)
        far = right * self._weight(left + 1, self.width)
        values = (
            self._read(top, left) * (upper * near)[..., None]
            + self._read(top, left + 1) * (upper * far)[..., None]
            + self._read(top + 1, left) * (lower * near)[..., None]
            + self._read(top + 1, left + 1) * (lower * far)[..., None]
        )
        return self._filled(values, (upper + lower) * (near + far))

    def _weight(self, position: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
        if self.fill_mode != "constant":
            return tf.ones_like(position)
        return tf.cast(is_inside(position, tf.cast(size, tf.float32)), tf.float32)

    def _read(self, row: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
        row = inside(tf.cast(row, tf.int32), self.height, self.fill_mode)
        column = inside(tf.cast(column, tf.int32), self.width, self.fill_mode)
        place = (self.first_row + row) * self.width + column
        return tf.cast(tf.gather(self.pixels, place), tf.float32)

    def _filled(self, values: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
        if self.fill_mode != "constant" or self.fill_value == 0:
            return values
        return values + self.fill_value * (1 - known)[..., None]
