"""The photometric operations of the published policies by name, with an amount for each image."""

from collections.abc import Callable

import tensorflow as tf

from kerasreg.augment.image import _photometric

Ends = tuple[float, float]
Function = Callable[[tf.Tensor, tf.Tensor, Ends], tf.Tensor]


def _without_amount(apply: Callable[[tf.Tensor, Ends], tf.Tensor]) -> Function:
    return lambda images, amount, ends: apply(images, ends)


PIXEL_OPERATIONS: dict[str, Function] = {
    "Brightness": _photometric.brightness,
    "Color": _photometric.saturation,
    "Contrast": _photometric.contrast,
    "Sharpness": _photometric.sharpness,
    "Posterize": _photometric.posterize,
    "Solarize": _photometric.solarize,
    "AutoContrast": _without_amount(_photometric.autocontrast),
    "Equalize": _without_amount(_photometric.equalize),
    "Invert": _without_amount(_photometric.invert),
}
