"""What every augmentation operation can do."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg.augment import _draws

Parameters = dict[str, tf.Tensor]

GEOMETRIC = "geometric"
NEIGHBOURHOOD = "neighbourhood"
PIXELWISE = "pixelwise"


class Operation:
    """One step of an `Augmenter`.

    Drawing stands apart from applying: `draw` makes the parameters of each image from random
    words, and the rest is a pure function of images and parameters.

    To write one, subclass, set `kind` and what goes with it, write `draw` and `get_config`, and
    register the class with `keras.saving.register_keras_serializable`. Everything in `draw`,
    `matrix` and `apply` is plain TensorFlow on whole batches, and may be compiled by XLA.

    - `GEOMETRIC`: write `matrix`. Neighbours in a pipeline are composed and resampled once.
    - `NEIGHBOURHOOD`: write `apply`, where a pixel depends on others around it.
    - `PIXELWISE`: write `apply`, where a pixel depends on itself only.

    Args:
        probability: Share of the images that the operation changes, between 0 and 1; 1 means
            always. Each image is decided on by itself. Defaults to 1.
    """

    kind: ClassVar[str] = PIXELWISE
    slots: ClassVar[int] = 1
    """Number of random words that `draw` takes for each image."""
    neutral: ClassVar[Mapping[str, Any]] = {}
    """Parameters that leave an image as it is; they stand in where the probability says no."""

    def __init__(self, *, probability: float = 1.0):
        self.probability = _checks.fraction("probability", probability, self)

    def draw(self, words: tf.Tensor) -> Parameters:
        """Returns the parameters of each image, each with the images along its first axis.

        Args:
            words: Random uint32 tensor of shape `(images, self.slots)`.
        """
        raise NotImplementedError

    def matrix(self, parameters: Parameters, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
        """Returns where each output pixel is read, as float64 matrices `(images, 3, 3)`.

        They map the position (x, y, 1) of an output pixel to that of the input pixel; positions
        are in pixels from the centre of the image, x to the right and y down.
        """
        raise NotImplementedError

    def apply(self, images: tf.Tensor, parameters: Parameters) -> tf.Tensor:
        """Returns float32 images of shape `(images, height, width, channels)`, changed."""
        raise NotImplementedError

    def passes(self) -> tuple[Callable[[tf.Tensor, Parameters], tf.Tensor], ...]:
        """Returns the functions that follow each other in `apply`, each compiled by itself."""
        return (self.apply,)

    def parameters(self, words: tf.Tensor) -> Parameters:
        """Returns what `draw` gives, or the neutral parameters where the probability says no.

        Args:
            words: Random uint32 tensor of shape `(images, 1 + self.slots)`.
        """
        drawn = self.draw(words[:, 1:])
        if self.probability == 1:
            return drawn
        is_applied = _draws.happens(words[:, 0], self.probability)
        for name, value in self.neutral.items():
            drawn[name] = tf.where(is_applied, drawn[name], tf.cast(value, drawn[name].dtype))
        return drawn

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {"probability": self.probability}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Operation":
        """Returns the operation that has this configuration."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.get_config() == self.get_config()

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"
