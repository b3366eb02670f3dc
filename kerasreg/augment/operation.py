"""What every augmentation operation can do."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import tensorflow as tf

from kerasreg import _checks
from kerasreg.augment import _draws, _limits
from kerasreg.augment._strengths import Strengths, strengths_of
from kerasreg.schedules._strength import saved_strength, strength

Parameters = dict[str, Any]
ValueRange = tuple[float, float] | None
Pass = Callable[[tf.Tensor, Parameters, ValueRange], tf.Tensor]

GEOMETRIC = "geometric"
NEIGHBOURHOOD = "neighbourhood"
PIXELWISE = "pixelwise"
MIXING = "mixing"
GROUP = "group"


class Operation:
    """One step of an `Augmenter`.

    Drawing stands apart from applying: `draw` makes the parameters of each example from random
    words, and the rest is a pure function of examples and parameters.

    To write one, subclass, set `kind` and what goes with it, write `draw` and `get_config`, and
    register the class with `keras.saving.register_keras_serializable`. Everything in `draw`,
    `matrix`, `apply` and `mix` is plain TensorFlow on whole batches; `apply` may be compiled by
    XLA.

    - `GEOMETRIC`: write `matrix`. Neighbours in a pipeline are composed and resampled once; masks
      and boxes follow.
    - `NEIGHBOURHOOD`: write `apply`, where a value depends on others around it.
    - `PIXELWISE`: write `apply`, where a value depends on itself, and on sums over its example.
    - `MIXING`: write `mix`, where an example depends on others of its batch.

    Args:
        probability: Share of the examples that the operation changes, between 0 and 1, or a
            `kerasreg.schedules.Schedule` of the epoch; 1 means always. Each example is decided on
            by itself. Defaults to 1.
        limits: Largest strength for each class, where the elements have labels: `{label: number}`
            for each of the operation's `strengths` (the probability, if it has none), or
            `{label: {argument: number}}`. `{6: {"probability": 0}}` leaves the sixes alone.
            Labels are integers or, for labels that are strings or an `Augmenter` that knows its
            `class_names`, strings. Defaults to None.
    """

    kind: str = PIXELWISE
    part: str = "image"
    """What is changed: "image", "audio" or "tokens"."""
    rank: int = 3
    """Number of axes of what is changed, in one example."""
    slots: int = 1
    """Number of random words that `draw` takes for each example."""
    strengths: ClassVar[tuple[str, ...]] = ()
    """Arguments that may follow a schedule and be limited by class."""
    weaker_above: ClassVar[tuple[str, ...]] = ()
    """Those of them, in decibels, of which the larger is the weaker: limits are the smallest."""
    neutral: ClassVar[Mapping[str, Any]] = {}
    """Parameters that leave an example as it is; they stand in where the probability says no."""
    resizes: bool = False
    """Whether images have another size afterwards, which `output_size` tells."""
    is_elastic: bool = False
    """Whether there is a `displacement`."""
    projective: bool = False
    """Whether the last row of `matrix` may be other than 0, 0, 1."""
    needs_range: bool = False
    """Whether `apply` must know which values are the lowest and the highest."""

    def __init__(self, *, probability: Any = 1.0, limits: Any = None):
        self.probability = strength("probability", probability, self, _checks.fraction)
        self.limits = _limits.checked(limits, self)

    def draw(self, words: tf.Tensor, strengths: Strengths) -> Parameters:
        """Returns the parameters of each example, each with the examples along its first axis.

        Args:
            words: Random uint32 tensor of shape `(examples, self.slots)`.
            strengths: What the arguments named in `self.strengths` come to: a number, a scalar
                tensor where it follows a schedule, a tensor `(examples,)` where classes have
                limits; a `(low, high)` pair of them for ranges.
        """
        raise NotImplementedError

    def matrix(self, parameters: Parameters, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
        """Returns where each output pixel is read, as float64 matrices `(images, 3, 3)`.

        They map the position (x, y, 1) of an output pixel to that of the input pixel, up to a
        factor; positions are in pixels from the centre of the output and of the input image, x to
        the right and y down.

        Args:
            parameters: What `draw` gave.
            height: Height of the input images, an int32 scalar.
            width: Their width.
        """
        raise NotImplementedError

    def displacement(
        self, parameters: Parameters, height: tf.Tensor, width: tf.Tensor
    ) -> tf.Tensor:
        """Returns what is added to the positions before `matrix` maps them, if `is_elastic`.

        A float32 tensor `(images, height, width, 2)` of pixels to the right and down.
        """
        raise NotImplementedError

    def output_size(self, height: Any, width: Any) -> tuple[Any, Any]:
        """Returns the height and width of what `matrix` makes of images of a size."""
        return height, width

    def apply(
        self, images: tf.Tensor, parameters: Parameters, value_range: ValueRange
    ) -> tf.Tensor:
        """Returns changed examples, in float32 unless they are tokens.

        Args:
            images: float32 tensor, for images `(images, height, width, channels)`.
            parameters: What `draw` gave.
            value_range: The lowest and the highest value; None if `needs_range` is False and they
                are not known.
        """
        raise NotImplementedError

    def check_batch(self, parts: dict[str, Any]) -> None:
        """Refuses elements with parts that the operation cannot change rightly.

        Args:
            parts: The parts of a batch, tensors or what describes them (`tf.TensorSpec`).
        """

    def mix(
        self, batch: dict[str, tf.Tensor], parameters: Parameters, value_range: ValueRange
    ) -> dict[str, tf.Tensor]:
        """Returns a changed batch, a dict of its parts: "image", "label", "mask", ...

        Boxes are left, top, right and bottom edges in pixels here, whatever their format.
        """
        raise NotImplementedError

    def passes(self) -> tuple[Pass, ...]:
        """Returns the functions that follow each other in `apply`, each compiled by itself."""
        return (self.apply,)

    def parameters(
        self, words: tf.Tensor, epoch: tf.Tensor, labels: tf.Tensor | None, training: bool = True
    ) -> Parameters:
        """Returns what `draw` gives, or the neutral parameters where the probability says no.

        Args:
            words: Random uint32 tensor of shape `(examples, 1 + self.slots)`.
            epoch: Integer scalar.
            labels: Labels of the examples, of shape `(examples,)`; needed where there are limits.
            training: Whether anything is to be changed at all.
        """
        strengths = strengths_of(self, epoch, labels)
        drawn = self.draw(words[:, 1:], strengths)
        probability = strengths["probability"] if training else 0.0
        if isinstance(probability, float) and probability == 1:
            return drawn
        is_applied = _draws.happens(words[:, 0], probability)
        for name, value in self.neutral.items():
            mask = tf.reshape(is_applied, [-1] + [1] * (drawn[name].shape.rank - 1))
            drawn[name] = tf.where(mask, drawn[name], tf.cast(value, drawn[name].dtype))
        return drawn

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        limits = _limits.saved(self.limits)
        return {"probability": saved_strength(self.probability), "limits": limits}

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
