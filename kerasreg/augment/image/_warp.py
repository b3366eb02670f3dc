"""One resampling of a batch of images along a map for each image, and a displacement."""

from typing import Any

import tensorflow as tf

from kerasreg.augment.image._edges import inside, is_inside

INTERPOLATIONS = ("bilinear", "nearest")
# The smallest divisor of a position, where that of the centre is 1.
HORIZON = 1e-6


def warp(
    images: tf.Tensor,
    maps: tf.Tensor,
    *,
    fill_mode: str,
    fill_value: float,
    interpolation: str,
    projective: bool = False,
    output_size: tuple[Any, Any] | None = None,
    displacement: tf.Tensor | None = None,
) -> tf.Tensor:
    """Returns images whose pixels are read where the maps say, as float32.

    Positions are in pixels from the centre, x to the right and y down: that of an output pixel
    from the centre of the output, where it is read from the centre of the input. Output pixel
    (x, y) is read at `(m[0] x + m[1] y + m[2], m[3] x + m[4] y + m[5])`; if `projective`, both are
    divided by `m[6] x + m[7] y + m[8]`, and what is not on the side of the horizon on which the
    centre is lies far outside.

    Args:
        images: Tensor of shape `(images, height, width, channels)`.
        maps: float32 tensor of shape `(images, 6)`, or `(images, 9)` if `projective`.
        fill_mode: What lies outside an image, one of `FILL_MODES`.
        fill_value: The value outside for "constant".
        interpolation: One of `INTERPOLATIONS`.
        projective: Whether the maps are homographies, given up to a factor.
        output_size: Height and width of the output, integers or scalar tensors; None for those of
            the images.
        displacement: None, or a tensor `(images, height, width, 2)` of the output's size: what is
            added to x and y before the map.
    """
    shape = tf.shape(images)
    height, width = output_size or (shape[1], shape[2])
    x, y = _from_centre(width)[None, None, :], _from_centre(height)[None, :, None]
    if displacement is not None:
        x, y = x + displacement[..., 0], y + displacement[..., 1]
    x, y = _mapped(maps, x, y, projective)
    row, column = _from_corner(y, shape[1]), _from_corner(x, shape[2])
    sampler = _Sampler(images, fill_mode, fill_value)
    if interpolation == "nearest":
        return sampler.nearest(tf.floor(row + 0.5), tf.floor(column + 0.5))
    return sampler.bilinear(row, column)


def _mapped(
    maps: tf.Tensor, x: tf.Tensor, y: tf.Tensor, projective: bool
) -> tuple[tf.Tensor, tf.Tensor]:
    if projective:
        maps = maps / maps[:, 8:]
    m = [maps[:, i, None, None] for i in range(8 if projective else 6)]
    across = m[0] * x + m[1] * y + m[2]
    down = m[3] * x + m[4] * y + m[5]
    if not projective:
        return across, down
    divisor = tf.maximum(m[6] * x + m[7] * y + 1, HORIZON)
    return across / divisor, down / divisor


def _from_centre(size: Any) -> tf.Tensor:
    size = tf.cast(size, tf.float32)
    return tf.range(size) - (size - 1) / 2


def _from_corner(position: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Also keeps it within what an int32 holds, far enough outside to change nothing."""
    size = tf.cast(size, tf.float32)
    far = 64 * size
    return tf.clip_by_value(position + (size - 1) / 2, -far, far)


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
