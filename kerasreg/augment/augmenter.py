"""The pipeline that applies operations to a data set."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import keras
import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _draws, _elements
from kerasreg.augment._kernels import JIT_COMPILE
from kerasreg.augment._numbering import numbered
from kerasreg.augment._plan import Plan, Sampling
from kerasreg.augment.image._edges import FILL_MODES
from kerasreg.augment.image._warp import INTERPOLATIONS
from kerasreg.augment.operation import Operation, Parameters

DTYPES = ("float32", "float16", "bfloat16", "uint8")


@register
class Augmenter:
    """Reproducible augmentation of a `tf.data.Dataset`.

    Applies operations in their order, on whole batches, and leaves labels and everything else in
    an element untouched. Operations that move pixels (`Rotate`, `Shift`) are composed where they
    follow each other, and the images resampled once. Batch before: single images work too, but
    cost several times as much each.

    Each draw is a pure function of the seed, the epoch, the image's index in the data set and
    the operation's position: the same whatever the batch size and the parallelism, another one
    for each image and each epoch. Images are counted in the order in which the data set gives
    them; shuffle before, with a seed of its own.

    No known difference from the paper, which augments off-line.

    Args:
        operations: What to do, a list of `Operation`s.
        seed: Integer of at least 0 and below 2**64.
        fill_mode: What lies outside an image when pixels are moved. "constant": `fill_value`;
            "reflect": d c b a | a b c d; "wrap": a b c d | a b c d; "nearest": a a a a | a b c d.
            Defaults to "constant".
        fill_value: The value outside for "constant". Defaults to 0.
        interpolation: "bilinear" or "nearest". Defaults to "bilinear".
        dtype: Type of the augmented images: "float32", "float16", "bfloat16" or "uint8", which is
            rounded. All take the values as they come, 0 to 255 stays 0 to 255. Everything is
            computed in float32. Defaults to "float32".
        value_range: `(low, high)` to which values are cut, or None (the default) for no cut;
            "uint8" is cut to 0 to 255 in any case.
        image_key: Key of the images where elements are dicts. Defaults to "image".
        jit_compile: Whether XLA compiles the kernels: "auto" (the default) where it is available
            and the size of the images is known, True or False.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If there are no operations or an argument is outside its range.

    Example:
        >>> import kerasreg
        >>> from kerasreg import augment
        >>> operations = [augment.Rotate(10), augment.Shift(0.1, 0.1), augment.Blur((0, 1))]
        >>> augmenter = kerasreg.augment.Augmenter(operations, seed=1)
        >>> train = kerasreg.datasets.load("digits").train
        >>> dataset = augmenter(train.as_dataset(100, shuffle=True, seed=1))
        >>> dataset.element_spec[0]
        TensorSpec(shape=(None, 8, 8, 1), dtype=tf.float32, name=None)

    Reference:
        Simard, Steinkraus, Platt 2003, Best Practices for Convolutional Neural Networks Applied to
        Visual Document Analysis, ICDAR.
    """

    def __init__(
        self,
        operations: Sequence[Operation],
        *,
        seed: int,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        interpolation: str = "bilinear",
        dtype: str = "float32",
        value_range: tuple[float, float] | None = None,
        image_key: str = "image",
        jit_compile: bool | str = "auto",
    ):
        self.operations = _operations(operations, self)
        self.seed = _checks.whole("seed", seed, self, low=0, high=2**64 - 1)
        self.fill_mode = _checks.choice("fill_mode", fill_mode, self, FILL_MODES)
        self.fill_value = _checks.number("fill_value", fill_value, self)
        self.interpolation = _checks.choice("interpolation", interpolation, self, INTERPOLATIONS)
        self.dtype = _checks.choice("dtype", dtype, self, DTYPES)
        self.value_range = _value_range(value_range, self)
        self.image_key = _checks.instance("image_key", image_key, self, str, "a string")
        self.jit_compile = _checks.choice("jit_compile", jit_compile, self, JIT_COMPILE)

    def __call__(
        self,
        dataset: tf.data.Dataset,
        *,
        epoch: int | tf.Tensor | tf.Variable | None = None,
        batched: bool | None = None,
        num_parallel_calls: int | None = None,
    ) -> tf.data.Dataset:
        """Returns the augmented data set.

        Args:
            dataset: A `tf.data.Dataset`. Its elements are images, tuples whose first entry holds
                the images, or dicts with the images under `image_key`.
            epoch: The epoch to draw for, an integer (or a variable that the data set reads as it
                goes). None (the default) counts how often the returned data set has been iterated:
                0 the first time, 1 the second; `fit` iterates once for each epoch. With `repeat`
                before the augmentation there is one endless epoch, in which an image gets a new
                index each time it comes round.
            batched: Whether the elements are batches. None (the default) goes by the rank of the
                images: 3 is one image, 4 a batch.
            num_parallel_calls: How many elements to work on at the same time; the order stays.
                None (the default) leaves it to TensorFlow.
        """
        _checks.instance("dataset", dataset, self, tf.data.Dataset, "a tf.data.Dataset")
        if batched is not None:
            batched = _checks.boolean("batched", batched, self)
        if num_parallel_calls is None:
            num_parallel_calls = tf.data.AUTOTUNE
        else:
            num_parallel_calls = _checks.whole(
                "num_parallel_calls", num_parallel_calls, self, low=1
            )
        if epoch is not None:
            epoch = _epoch(epoch, self)
        spec = self._image(dataset.element_spec)
        is_batch = _elements.check_image(spec, batched, self)
        counted = numbered(dataset, self._image, is_batch, epoch)

        def augment(epoch: tf.Tensor, index: tf.Tensor, element: Any) -> Any:
            def change(images: tf.Tensor) -> tf.Tensor:
                return self._augmented(images, index, epoch)

            return _elements.replaced(element, self.image_key, change, self)

        return counted.map(augment, num_parallel_calls=num_parallel_calls, deterministic=True)

    def apply(self, images: Any, *, index: Any, epoch: Any = 0) -> tf.Tensor:
        """Returns augmented images, for a batch by hand or in your own `map`.

        Args:
            images: One image (rank 3) or a batch (rank 4).
            index: Index of the image in its epoch, or of the first image of the batch, or one
                index for each image of the batch. Equal indices draw alike: count them through
                the data set, with `enumerate` for instance.
            epoch: Integer from 0 on. Defaults to 0.
        """
        images = tf.convert_to_tensor(images)
        _elements.check_image(images, None, self)
        index = _index(index, images, self)
        return self._augmented(images, index, _epoch(epoch, self))

    def draw(self, index: Any, epoch: Any = 0) -> list[Parameters]:
        """Returns the parameters of each operation for the images of these indices.

        Args:
            index: One index for each image.
            epoch: Integer from 0 on. Defaults to 0.
        """
        index = tf.reshape(tf.cast(index, tf.int64), [-1])
        slots = [1 + operation.slots for operation in self.operations]
        words = _draws.image_words(self.seed, epoch, index, slots)
        return [one.parameters(own) for one, own in zip(self.operations, words, strict=True)]

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            "operations": [keras.saving.serialize_keras_object(o) for o in self.operations],
            "seed": self.seed,
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
            "interpolation": self.interpolation,
            "dtype": self.dtype,
            "value_range": self.value_range,
            "image_key": self.image_key,
            "jit_compile": self.jit_compile,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Augmenter":
        """Returns the augmenter that has this configuration."""
        operations = [keras.saving.deserialize_keras_object(o) for o in config["operations"]]
        return cls(**{**config, "operations": operations})

    def _image(self, element: Any) -> Any:
        return _elements.image_of(element, self.image_key, self)

    def _augmented(self, images: tf.Tensor, index: tf.Tensor, epoch: Any) -> tf.Tensor:
        if images.shape.rank == 3:
            return self._augmented(images[None], tf.reshape(index, [1]), epoch)[0]
        if index.shape.rank == 0:
            index += tf.range(tf.shape(images, tf.int64)[0])
        result = self._plan.run(images, index, tf.cast(epoch, tf.int64), self.jit_compile)
        return tf.ensure_shape(result, images.shape)

    @cached_property
    def _plan(self) -> Plan:
        sampling = Sampling(self.fill_mode, self.fill_value, self.interpolation)
        return Plan(self.operations, self.draw, sampling, self._finished)

    def _finished(self, images: tf.Tensor) -> tf.Tensor:
        low, high = self.value_range or (None, None)
        if self.dtype == "uint8":
            images = tf.round(images)
            low, high = max(low or 0, 0), min(255 if high is None else high, 255)
        if low is not None:
            images = tf.clip_by_value(images, low, high)
        return tf.cast(images, self.dtype)


def _operations(operations: Any, owner: object) -> list[Operation]:
    expected = "a list of operations, such as [kerasreg.augment.Rotate(10)]"
    _checks.instance("operations", operations, owner, (list, tuple), expected)
    if not operations:
        _checks.refuse("operations", operations, owner, expected)
    for operation in operations:
        _checks.instance("operations", operation, owner, Operation, expected)
    return list(operations)


def _value_range(value: Any, owner: object) -> tuple[float, float] | None:
    if value is None:
        return None
    low, high = _checks.many("value_range", value, owner, 2, _checks.number, broadcast=False)
    if low >= high:
        _checks.refuse("value_range", value, owner, "(low, high) with low below high")
    return low, high


def _epoch(epoch: Any, owner: object) -> Any:
    if isinstance(epoch, tf.Tensor | tf.Variable) and epoch.dtype.is_integer:
        return epoch
    return _checks.whole("epoch", epoch, owner, low=0)


def _index(index: Any, images: tf.Tensor, owner: object) -> tf.Tensor:
    expected = "an integer, or one for each image"
    result = tf.convert_to_tensor(index)
    if not result.dtype.is_integer:
        _checks.refuse("index", index, owner, expected, error=TypeError)
    count = images.shape[0] if images.shape.rank == 4 else 1
    fits = result.shape.rank == 0 or result.shape.is_compatible_with([count])
    if not fits:
        _checks.refuse("index", index, owner, expected)
    return tf.cast(result, tf.int64)
