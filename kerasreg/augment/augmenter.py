"""The pipeline that applies operations to a data set."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import keras
import tensorflow as tf

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.augment import _arguments, _elements, _limits
from kerasreg.augment._classes import checked_names, labels_of
from kerasreg.augment._kernels import JIT_COMPILE
from kerasreg.augment._numbering import numbered
from kerasreg.augment._pipeline import Pipeline
from kerasreg.augment.image._boxes import BOX_FORMATS
from kerasreg.augment.image._edges import FILL_MODES
from kerasreg.augment.image._warp import INTERPOLATIONS
from kerasreg.augment.operation import Operation, Parameters

DTYPES = ("float32", "float16", "bfloat16", "uint8")


@register
class Augmenter:
    """Reproducible augmentation of a `tf.data.Dataset`.

    Applies operations in their order, on whole batches. Operations that move pixels (`Rotate`,
    `Shift`, ...) are composed where they follow each other, and the images resampled once; masks
    and boxes of an element move with its image, and labels follow where operations mix them.
    Everything else in an element stays untouched. Batch before: single examples work too, but cost
    several times as much each.

    Each draw is a pure function of the seed, the epoch, the example's index in the data set and
    the operation's position: the same whatever the batch size and the parallelism, another one
    for each example and each epoch. (Only which examples `MixUp` and its like mix hangs on the
    batch.) Examples are counted in the order in which the data set gives them; shuffle before,
    with a seed of its own.

    No known difference from the paper, which augments off-line.

    Args:
        operations: What to do, a list of `Operation`s on one kind of data: images, waveforms,
            spectrograms or tokens.
        seed: Integer of at least 0 and below 2**64.
        fill_mode: What lies outside an image when pixels are moved. "constant": `fill_value`;
            "reflect": d c b a | a b c d; "wrap": a b c d | a b c d; "nearest": a a a a | a b c d.
            Defaults to "constant".
        fill_value: The value outside for "constant". Defaults to 0.
        interpolation: "bilinear" or "nearest". Masks are always read with "nearest". Defaults to
            "bilinear".
        mask_fill_value: The value outside of masks for "constant", 255 for instance where that
            means that nothing is known. Defaults to 0.
        box_format: How boxes are written: "xyxy" (left, top, right, bottom), "yxyx", "xywh" (left,
            top, width, height) or "center_xywh", in pixels from the upper left corner of the image;
            the same with "rel_" before, in fractions of width and height. To be given where there
            are boxes, `(number, 4)` for each image; those that leave the image become zeros.
        dtype: Type of the augmented images: "float32", "float16", "bfloat16" or "uint8", which is
            rounded. All take the values as they come, 0 to 255 stays 0 to 255. Everything is
            computed in float32. Defaults to "float32".
        value_range: `(low, high)` to which values are cut, and to which operations such as
            `Brightness` refer, or None (the default) for no cut. Operations that refer to it take
            0 to 255 for images of uint8 and ask for it else; "uint8" is cut to 0 to 255 in any
            case.
        parts: Where the parts of an element are: keys of dicts, `{"image": "pixels"}`, or places
            in tuples, `("image", "mask")`, with None for what is to stay untouched. Parts are
            "image", "label", "mask", "boxes", "audio" and "tokens". None (the default): the keys of
            dicts are those names; a tuple is `(image, label, ...)`, or has a dict first.
        class_names: Names of the classes 0, 1, ..., for `limits` that name them. Defaults to None.
        jit_compile: Whether XLA compiles the kernels: "auto" (the default) where it is available
            and the size of the examples is known, True or False.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If there are no operations, or operations on several kinds of data, or an
            argument is outside its range.

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
        mask_fill_value: float = 0.0,
        box_format: str | None = None,
        dtype: str = "float32",
        value_range: tuple[float, float] | None = None,
        parts: dict[str, Any] | tuple[str | None, ...] | None = None,
        class_names: Sequence[str] | None = None,
        jit_compile: bool | str = "auto",
    ):
        self.operations = _arguments.operations(operations, self)
        self.seed = _checks.whole("seed", seed, self, low=0, high=2**64 - 1)
        self.fill_mode = _checks.choice("fill_mode", fill_mode, self, FILL_MODES)
        self.fill_value = _checks.number("fill_value", fill_value, self)
        self.interpolation = _checks.choice("interpolation", interpolation, self, INTERPOLATIONS)
        self.mask_fill_value = _checks.number("mask_fill_value", mask_fill_value, self)
        self.box_format = _checks.choice("box_format", box_format, self, (*BOX_FORMATS, None))
        self.dtype = _checks.choice("dtype", dtype, self, DTYPES)
        self.value_range = _arguments.value_range(value_range, self)
        self.parts = _elements.checked_parts(parts, self)
        self.class_names = checked_names(class_names, self)
        self.jit_compile = _checks.choice("jit_compile", jit_compile, self, JIT_COMPILE)
        classes = None if self.class_names is None else len(self.class_names)
        _limits.check_classes(self.operations, self.class_names, classes)

    def __call__(
        self,
        dataset: tf.data.Dataset,
        *,
        epoch: int | tf.Tensor | tf.Variable | None = None,
        batched: bool | None = None,
        num_parallel_calls: int | None = None,
        training: bool = True,
        return_params: bool = False,
    ) -> tf.data.Dataset:
        """Returns the augmented data set.

        Args:
            dataset: A `tf.data.Dataset`. Its elements are images, tuples whose first entry holds
                the images, or dicts; see `parts`.
            epoch: The epoch to draw for, an integer (or a variable that the data set reads as it
                goes). None (the default) counts how often the returned data set has been iterated:
                0 the first time, 1 the second; `fit` iterates once for each epoch. With `repeat`
                before the augmentation there is one endless epoch, in which an image gets a new
                index each time it comes round.
            batched: Whether the elements are batches. None (the default) goes by the rank: 3 is
                one image, 4 a batch. To be given for waveforms and spectrograms with an axis of
                channels.
            num_parallel_calls: How many elements to work on at the same time; the order stays.
                None (the default) leaves it to TensorFlow.
            training: False for the data of a validation: nothing is drawn, and only what gives
                them their form is done (a crop in the middle, the type, labels as vectors).
            return_params: Whether the elements are pairs of what was made and the parameters it
                was made with, as `draw` gives them; `apply` takes them again.
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
            epoch = _arguments.epoch(epoch, self)
        training = _checks.boolean("training", training, self)
        return_params = _checks.boolean("return_params", return_params, self)
        pipeline = self._pipeline
        is_batch = pipeline.check(dataset.element_spec, batched)
        counted = numbered(dataset, pipeline.main, is_batch, epoch)

        def change(epoch: tf.Tensor, index: tf.Tensor, element: Any) -> Any:
            if is_batch:
                index += tf.range(tf.shape(pipeline.main(element), tf.int64)[0])
            result, drawn = pipeline.from_index(element, is_batch, index, epoch, training)
            return (result, drawn) if return_params else result

        return counted.map(change, num_parallel_calls=num_parallel_calls, deterministic=True)

    def apply(
        self,
        element: Any,
        *,
        index: Any = None,
        epoch: Any = 0,
        params: Sequence[Parameters] | None = None,
        batched: bool | None = None,
        training: bool = True,
    ) -> Any:
        """Returns an augmented element, for a batch by hand or in your own `map`.

        Args:
            element: Images, a tuple or a dict as a data set would give it, with one example or a
                batch of them.
            index: Index of the example in its epoch, or of the first one of the batch, or one
                index for each example of the batch. Equal indices draw alike: count them through
                the data set, with `enumerate` for instance.
            epoch: Integer from 0 on. Defaults to 0.
            params: What `draw` gave, or a data set with `return_params`, to do the same again;
                then no index is needed. Defaults to None.
            batched: As in a call.
            training: As in a call.
        """
        pipeline = self._pipeline
        element = _arguments.tensors(element)
        is_batch = pipeline.check(element, batched)
        if (index is None) == (params is None):
            _checks.refuse("index", index, self, "either `index` or `params`")
        if params is not None:
            drawn = tf.nest.map_structure(tf.convert_to_tensor, tuple(params))
            if len(drawn) != len(self.operations):
                expected = f"parameters of {len(self.operations)} operations"
                _checks.refuse("params", len(drawn), self, expected)
            return pipeline.from_params(element, is_batch, drawn)
        main = pipeline.main(element)
        index = _arguments.index(index, main.shape[0] if is_batch else 1, self)
        if index.shape.rank == 0 and is_batch:
            index += tf.range(tf.shape(main, tf.int64)[0])
        epoch = tf.cast(_arguments.epoch(epoch, self), tf.int64)
        return pipeline.from_index(element, is_batch, index, epoch, training)[0]

    def draw(
        self, index: Any, epoch: Any = 0, labels: Any = None, *, training: bool = True
    ) -> tuple[Parameters, ...]:
        """Returns the parameters of each operation for the examples of these indices.

        Args:
            index: One index for each example.
            epoch: Integer from 0 on. Defaults to 0.
            labels: Label of each example, where operations have limits. Defaults to None.
            training: Whether to draw at all; else the parameters change nothing.
        """
        index = tf.reshape(tf.cast(index, tf.int64), [-1])
        if labels is not None:
            labels = labels_of(
                tf.convert_to_tensor(labels), self.class_names, self.operations, self
            )
        epoch = tf.cast(_arguments.epoch(epoch, self), tf.int64)
        return self._pipeline.drawn(index, epoch, labels, training)

    def preview(self, dataset: tf.data.Dataset, *, examples: int = 8, epoch: int = 0) -> Any:
        """Returns a figure of examples before and after, with what was done to each.

        See `kerasreg.report.plot_augmentation`; needs matplotlib.
        """
        import kerasreg

        figures: Any = kerasreg.report
        return figures.plot_augmentation(self, dataset, examples=examples, epoch=epoch)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            "operations": [keras.saving.serialize_keras_object(o) for o in self.operations],
            "seed": self.seed,
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
            "interpolation": self.interpolation,
            "mask_fill_value": self.mask_fill_value,
            "box_format": self.box_format,
            "dtype": self.dtype,
            "value_range": self.value_range,
            "parts": self.parts,
            "class_names": self.class_names,
            "jit_compile": self.jit_compile,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Augmenter":
        """Returns the augmenter that has this configuration."""
        return cls(**config)

    @property
    def part(self) -> str:
        """What the operations change: "image", "audio" or "tokens"."""
        return self.operations[0].part

    @cached_property
    def _pipeline(self) -> Pipeline:
        return Pipeline(self)
