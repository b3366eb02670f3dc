"""One row or more for each registered class: how to build it, and what the checks need to know.

Together the rows of a class give every constructor argument a value that is not the default, so
that the round trips prove that none is lost; a row with the defaults shows that these work too.
`test_complete.py` sees to it that no class and no argument is missing.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from kerasreg import (
    callbacks,
    constraints,
    layers,
    losses,
    models,
    optimizers,
    regularizers,
    schedules,
)

SCRATCH = tempfile.TemporaryDirectory()


@dataclass(frozen=True)
class Case:
    """A class and its arguments."""

    cls: type
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def make(self, **changes: Any) -> Any:
        return self.cls(**{**self.arguments, **changes})

    def __str__(self) -> str:
        return self.cls.__name__


@dataclass(frozen=True)
class LayerCase(Case):
    """A layer, with the shape of an input that it takes.

    Args:
        shape: Input shape without the batch; None where any size will do (tried as 6, 5, 4 ...).
        random: Whether a training call draws random numbers.
        strength: Name of the argument that makes a training call the identity when it is 0.
        inference_is_identity: Whether a call outside training returns its input.
        channels_first: Whether the class takes `data_format`.
        vocabulary: The inputs are integers below this number; None for inputs that are floats.
        open_axes: Axes of the output whose size nobody knows before a call.
        empty_batch: False where a Keras layer in the row fails on no examples (on TensorFlow, as
            convolutions and recurrent cells do).
        model: Builds a model around the layer where a plain chain will not do; it takes a
            function that makes the layer, and keyword arguments for it.
        pair: Whether the layer merges a list of two tensors of that shape.
    """

    shape: tuple[int | None, ...] = (None, 6)
    random: bool = False
    strength: str | None = None
    inference_is_identity: bool = False
    channels_first: bool = False
    vocabulary: int | None = None
    open_axes: tuple[int, ...] = ()
    empty_batch: bool = True
    model: Callable[..., keras.Model] | None = None
    pair: bool = False


@dataclass(frozen=True)
class RegularizerCase(Case):
    """A penalty, with its value for the kernel [[3, 0, 1], [4, 0, -2]].

    Args:
        value: That value, computed without kerasreg.
        free_at_zero: Whether weights of 0 cost nothing.
        parts: Arguments that have no name.
        refers: Whether the penalty refers to other weights: then it takes weights of their shape
            only and no activities, and finds them again in a model only.
    """

    value: float = 0.0
    free_at_zero: bool = True
    parts: tuple[Any, ...] = ()
    refers: bool = False

    def make(self, **changes: Any) -> Any:
        return self.cls(*self.parts, **{**self.arguments, **changes})


@dataclass(frozen=True)
class LossCase(Case):
    """A loss of a classifier, with its value for the logits [[1, -1, 3], [0, 2, -1]].

    The labels are the classes 2 and 0. Where the loss takes probabilities, these are the softmax
    of the logits.

    Args:
        value: That value, computed without kerasreg.
    """

    value: float = 0.0


@dataclass(frozen=True)
class OptimizerCase(Case):
    """An optimizer around another one."""


@dataclass(frozen=True)
class ConstraintCase(Case):
    """A constraint, with what becomes of the kernel [[3, 0, 1], [4, 0, -2]].

    Args:
        value: That, computed without kerasreg.
    """

    value: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class ModelCase(Case):
    """A model around another one, whose training is another.

    Args:
        term: The name of what it adds to the loss, in the logs; None where it adds nothing.
    """

    term: str | None = None


@dataclass(frozen=True)
class CallbackCase(Case):
    """A callback that goes into `fit` with validation data."""


@dataclass(frozen=True)
class StoppingCase(Case):
    """A criterion of early stopping, or another rule that it takes."""


@dataclass(frozen=True)
class ScheduleCase(Case):
    """A schedule, with its values at some steps."""

    values: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class AugmentCase(Case):
    """An augmentation operation (or pipeline).

    Args:
        data: What it takes, a key of `EXAMPLES` in `test_augment.py`: "images", "larger images",
            "labelled" (images with vectors as labels), "waveforms", "spectrograms" or "tokens".
        output: Height and width of the images that it makes; None where they keep their size.
        options: Arguments of the `Augmenter` that it needs.
    """

    data: str = "images"
    output: tuple[int, int] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def classifier() -> keras.Model:
    """Returns a small model with random layers, statistics and a penalty."""
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(5, "tanh", kernel_regularizer="l2", name="hidden"),
            keras.layers.BatchNormalization(),
            layers.Dropout(0.4),
            keras.layers.Dense(3, "softmax", name="probabilities"),
        ]
    )


def tied_autoencoder(make: Callable[..., Any], **changes: Any) -> keras.Model:
    """Returns a model of a dense layer and one that is tied to it."""
    inputs = keras.Input((6,))
    dense = keras.layers.Dense(3, name="before")
    return keras.Model(inputs, make(tied_to=dense, **changes)(dense(inputs)))


def tied_convolutions(kind: type) -> Callable[..., keras.Model]:
    """Returns a function that makes a model of a convolution and a layer that is tied to it."""

    def model(make: Callable[..., Any], **changes: Any) -> keras.Model:
        convolution = kind(3, 3, padding="same", name="before")
        dimensions = len(convolution.kernel_size)
        inputs = keras.Input((*range(5, 5 - dimensions, -1), 2))
        return keras.Model(inputs, make(tied_to=convolution, **changes)(convolution(inputs)))

    return model


def tied_convolution_rows() -> Iterator[Case]:
    """Yields the row of every tied convolution."""
    kinds = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
    classes = (layers.TiedConv1DTranspose, layers.TiedConv2DTranspose, layers.TiedConv3DTranspose)
    for dimensions, (kind, cls) in enumerate(zip(kinds, classes, strict=True), 1):
        arguments = {
            "tied_to": kind(3, 3),
            "activation": keras.activations.tanh,
            "strides": 2,
            "padding": "same",
            "output_padding": 0,
            "data_format": "channels_last",
            "dilation_rate": (1,) * dimensions,
            "use_bias": False,
            "bias_initializer": keras.initializers.Constant(0.5),
            "bias_regularizer": keras.regularizers.L2(0.25),
            "activity_regularizer": keras.regularizers.L2(0.125),
            "bias_constraint": keras.constraints.NonNeg(),
        }
        shape = (*range(5, 5 - dimensions, -1), 2)
        yield LayerCase(
            cls, arguments, shape=shape, empty_batch=False, model=tied_convolutions(kind)
        )


def augment_rows() -> tuple[Case, ...]:
    """Returns the rows of what is written in TensorFlow; none on another backend."""
    if keras.backend.backend() != "tensorflow":
        return ()
    from kerasreg import augment

    return (
        AugmentCase(augment.Rotate, {"max_degrees": 30.0, "probability": 0.5}),
        AugmentCase(
            augment.Shift,
            {"max_horizontal_fraction": 0.25, "max_vertical_fraction": 0.5, "probability": 0.5},
        ),
        AugmentCase(augment.Flip, {"direction": "vertical", "probability": 0.5}),
        AugmentCase(
            augment.Affine,
            {
                "max_degrees": 20.0,
                "max_horizontal_fraction": 0.25,
                "max_vertical_fraction": 0.125,
                "max_in_fraction": 0.5,
                "max_out_fraction": 0.25,
                "max_horizontal_shear_degrees": 10.0,
                "max_vertical_shear_degrees": 5.0,
                "probability": 0.5,
            },
        ),
        AugmentCase(
            augment.Crop,
            {"height": 3, "width": 4, "padding": 1, "probability": 0.5},
            output=(3, 4),
        ),
        AugmentCase(
            augment.Crop,
            {
                "height": 6,
                "width": 5,
                "scale": (0.25, 0.75),
                "ratio": (0.5, 2.0),
                "probability": 0.5,
            },
            output=(6, 5),
        ),
        AugmentCase(
            augment.Elastic, {"alpha": (20.0, 34.0), "sigma_pixels": 2.5, "probability": 0.5}
        ),
        AugmentCase(augment.Perspective, {"max_fraction": 0.5, "probability": 0.5}),
        AugmentCase(
            augment.Shear,
            {"max_horizontal_degrees": 20.0, "max_vertical_degrees": 10.0, "probability": 0.5},
        ),
        AugmentCase(
            augment.Zoom,
            {
                "max_in_fraction": 0.5,
                "max_out_fraction": 0.25,
                "keeps_aspect": False,
                "probability": 0.5,
            },
        ),
        AugmentCase(augment.Blur, {"sigma_pixels": (0.5, 1.0), "probability": 0.5}),
        AugmentCase(augment.GaussianNoise, {"stddev": (1.0, 8.0), "probability": 0.5}),
        AugmentCase(augment.PixelDropout, {"rate": 0.25, "fill_value": 128.0, "probability": 0.5}),
        AugmentCase(augment.Brightness, {"max_delta": 0.3, "probability": 0.5}),
        AugmentCase(augment.Contrast, {"max_change": 0.6, "probability": 0.5}),
        AugmentCase(augment.Saturation, {"max_change": 0.6, "probability": 0.5}),
        AugmentCase(augment.Sharpness, {"max_change": 0.6, "probability": 0.5}),
        AugmentCase(augment.Hue, {"max_degrees": 60.0, "probability": 0.5}),
        AugmentCase(augment.Gamma, {"max_change": 1.5, "probability": 0.5}),
        AugmentCase(augment.Solarize, {"max_share": 0.75, "probability": 0.5}),
        AugmentCase(augment.Posterize, {"max_bits": 7, "probability": 0.5}),
        AugmentCase(augment.Equalize, {"probability": 0.5}, data="larger images"),
        AugmentCase(augment.AutoContrast, {"probability": 0.5}),
        AugmentCase(augment.Grayscale, {"probability": 0.5}),
        AugmentCase(augment.Invert, {"probability": 0.5}),
        AugmentCase(augment.SaltPepper, {"rate": 0.25, "probability": 0.5}),
        AugmentCase(augment.Speckle, {"stddev": (0.1, 0.3), "probability": 0.5}),
        AugmentCase(augment.Cutout, {"side": 0.5, "fill_value": 1.0, "probability": 0.5}),
        AugmentCase(
            augment.RandomErasing,
            {"area": (0.2, 0.5), "aspect": (0.5, 2.0), "fill": 3.0, "probability": 0.5},
        ),
        AugmentCase(augment.RandomErasing, {"area": 0.5, "probability": 0.5}),
        AugmentCase(
            augment.GridMask,
            {"ratio": 0.4, "period": (0.5, 0.9), "fill_value": 1.0, "probability": 0.5},
        ),
        AugmentCase(
            augment.MixUp, {"alpha": 0.5, "classes": 3, "probability": 0.5}, data="labelled"
        ),
        AugmentCase(
            augment.CutMix, {"alpha": 0.5, "classes": 3, "probability": 0.5}, data="labelled"
        ),
        AugmentCase(
            augment.MixUpOrCutMix,
            {
                "mix_up_alpha": 0.5,
                "cut_mix_alpha": 2.0,
                "cut_mix_share": 0.25,
                "classes": 3,
                "probability": 0.5,
            },
            data="labelled",
        ),
        AugmentCase(augment.RandAugment, {"count": 3, "magnitude": (4.0, 6.0), "probability": 0.5}),
        AugmentCase(augment.TrivialAugment, {"max_magnitude": 5.0, "probability": 0.75}),
        AugmentCase(augment.AutoAugment, {"policy": "svhn", "probability": 0.5}),
        AugmentCase(
            augment.AugMix,
            {
                "severity": 5.0,
                "width": 2,
                "depth": 2,
                "alpha": 0.5,
                "all_operations": True,
                "probability": 0.5,
            },
        ),
        AugmentCase(
            augment.AddNoise, {"snr_db": (0.0, 20.0), "probability": 0.5}, data="waveforms"
        ),
        AugmentCase(
            augment.AddNoise,
            {"snr_db": 10.0, "noise": "pink", "probability": 0.5},
            data="waveforms",
        ),
        AugmentCase(
            augment.AddNoise,
            {"snr_db": 5.0, "noise": [[0.5, -0.5, 1.0], [1.0, -1.0]], "probability": 0.5},
            data="waveforms",
        ),
        AugmentCase(augment.Gain, {"max_db": 6.0, "probability": 0.5}, data="waveforms"),
        AugmentCase(
            augment.TimeShift,
            {"max_fraction": 0.25, "wraps": True, "probability": 0.5},
            data="waveforms",
        ),
        AugmentCase(augment.Speed, {"max_change": 0.25, "probability": 0.5}, data="waveforms"),
        AugmentCase(augment.PolarityInvert, {"probability": 0.75}, data="waveforms"),
        AugmentCase(
            augment.SpecAugment,
            {
                "max_frequencies": 3.0,
                "max_steps": 4.0,
                "max_warp": 2.0,
                "frequency_masks": 2,
                "time_masks": 3,
                "max_step_share": 0.5,
                "fill_value": "mean",
                "probability": 0.5,
            },
            data="spectrograms",
        ),
        AugmentCase(
            augment.TokenDropout,
            {"rate": 0.5, "protected": (1, 2), "padding_id": -1, "probability": 0.5},
            data="tokens",
        ),
        AugmentCase(
            augment.TokenDropout,
            {"rate": 0.5, "replacement_id": 30, "padding_id": None, "probability": 0.5},
            data="tokens",
        ),
        AugmentCase(
            augment.TokenSwap,
            {"rate": 0.75, "protected": (1, 2), "padding_id": 3, "probability": 0.5},
            data="tokens",
        ),
        AugmentCase(
            augment.TokenReplace,
            {
                "rate": 0.5,
                "vocabulary": (1, 20),
                "protected": (1, 2),
                "padding_id": 3,
                "probability": 0.5,
            },
            data="tokens",
        ),
        AugmentCase(
            augment.SpanMask,
            {
                "rate": 0.5,
                "mask_id": 30,
                "mean_length": 2.0,
                "protected": (1, 2),
                "padding_id": 3,
                "probability": 0.5,
            },
            data="tokens",
        ),
        AugmentCase(
            augment.OneOf,
            {
                "operations": [augment.Rotate(30), augment.Blur(1), augment.PixelDropout(0.3)],
                "weights": (2.0, 1.0, 1.0),
                "probability": 0.5,
            },
        ),
        AugmentCase(
            augment.SomeOf,
            {
                "operations": [augment.Rotate(30), augment.Blur(1), augment.Shift(0.2, 0.2)],
                "count": (1, 2),
                "probability": 0.5,
            },
        ),
        AugmentCase(
            augment.Sequence,
            {"operations": [augment.Rotate(30), augment.Blur(1)], "probability": 0.5},
        ),
        AugmentCase(
            augment.RandomApply,
            {"operations": [augment.Rotate(30), augment.Shift(0.2, 0.2)], "probability": 0.5},
        ),
        AugmentCase(
            augment.Augmenter,
            {
                "operations": [augment.Rotate(30), augment.Blur(1)],
                "seed": 2**40 + 1,
                "fill_mode": "reflect",
                "fill_value": 1.0,
                "interpolation": "nearest",
                "dtype": "uint8",
                "value_range": (0.0, 250.0),
                "mask_fill_value": 9.0,
                "box_format": "rel_xywh",
                "parts": {"image": "pixels"},
                "class_names": ["a", "b"],
                "jit_compile": False,
            },
        ),
    )


CASES: tuple[Case, ...] = (
    LayerCase(
        layers.Dropout, {"rate": 0.4}, random=True, strength="rate", inference_is_identity=True
    ),
    LayerCase(
        layers.Dropout,
        {"rate": 0.4, "noise_shape": (None, 6), "seed": 7, "scaling": "inference"},
        random=True,
        strength="rate",
    ),
    LayerCase(
        layers.SpatialDropout1D,
        {"rate": 0.4, "seed": 7, "data_format": "channels_first"},
        random=True,
        strength="rate",
        inference_is_identity=True,
        channels_first=True,
    ),
    LayerCase(
        layers.SpatialDropout2D,
        {"rate": 0.4, "data_format": "channels_first", "seed": 7},
        shape=(None, None, 3),
        random=True,
        strength="rate",
        inference_is_identity=True,
        channels_first=True,
    ),
    LayerCase(
        layers.SpatialDropout3D,
        {"rate": 0.4, "data_format": "channels_first", "seed": 7},
        shape=(None, None, None, 3),
        random=True,
        strength="rate",
        inference_is_identity=True,
        channels_first=True,
    ),
    LayerCase(
        layers.AlphaDropout,
        {"rate": 0.4, "noise_shape": (None, 6), "seed": 7},
        random=True,
        strength="rate",
        inference_is_identity=True,
    ),
    LayerCase(
        layers.FeatureAlphaDropout,
        {"rate": 0.4, "data_format": "channels_first", "seed": 7},
        shape=(None, None, 3),
        random=True,
        strength="rate",
        inference_is_identity=True,
        channels_first=True,
    ),
    LayerCase(
        layers.GaussianDropout,
        {"rate": 0.4, "seed": 7},
        random=True,
        strength="rate",
        inference_is_identity=True,
    ),
    LayerCase(
        layers.GaussianNoise,
        {"stddev": 1.5, "seed": 7, "relative": True},
        random=True,
        strength="stddev",
        inference_is_identity=True,
    ),
    LayerCase(
        layers.DropBlock1D,
        {
            "rate": 0.4,
            "block_size": 2,
            "seed": 7,
            "data_format": "channels_first",
            "per_channel": False,
        },
        random=True,
        strength="rate",
        inference_is_identity=True,
        channels_first=True,
    ),
    LayerCase(
        layers.DropBlock2D,
        {
            "rate": 0.4,
            "block_size": (2, 3),
            "seed": 7,
            "data_format": "channels_first",
            "per_channel": False,
        },
        shape=(None, None, 3),
        random=True,
        strength="rate",
        inference_is_identity=True,
        channels_first=True,
    ),
    LayerCase(
        layers.DropBlock3D,
        {
            "rate": 0.4,
            "block_size": (1, 2, 2),
            "seed": 7,
            "data_format": "channels_first",
            "per_channel": False,
        },
        shape=(None, None, None, 3),
        random=True,
        strength="rate",
        inference_is_identity=True,
        channels_first=True,
    ),
    LayerCase(
        layers.DropConnect,
        {"layer": keras.layers.LSTM(3, return_sequences=True), "rate": 0.4},
        random=True,
        empty_batch=False,
    ),
    LayerCase(
        layers.DropConnect,
        {
            "layer": keras.layers.Dense(3),
            "rate": 0.4,
            "seed": 7,
            "weight_names": ("kernel", "bias"),
            "per_example": True,
            "inference": "gaussian",
            "samples": 5,
        },
        random=True,
    ),
    LayerCase(
        layers.ConcreteDropout,
        {
            "layer": keras.layers.Conv2D(2, 3, padding="same"),
            "weight_regularizer": 0.01,
            "dropout_regularizer": 0.02,
            "seed": 7,
            "temperature": 0.2,
            "initial_rate": (0.2, 0.4),
        },
        shape=(None, None, 3),
        random=True,
        empty_batch=False,
    ),
    LayerCase(
        layers.TargetedDropout,
        {
            "layer": keras.layers.Dense(40),
            "rate": 0.4,
            "target_fraction": 0.75,
            "seed": 7,
            "target": "units",
            "weight_names": ("kernel",),
            "inference": "pruned",
        },
        random=True,
    ),
    LayerCase(
        layers.EmbeddingDropout,
        {"layer": keras.layers.Embedding(9, 4), "rate": 0.4, "seed": 7, "per_example": True},
        shape=(None,),
        random=True,
        vocabulary=9,
    ),
    LayerCase(
        layers.PatchDropout,
        {"rate": 0.4, "seed": 7, "class_tokens": 0, "ordered": False},
        shape=(None, 5),
        random=True,
        strength="rate",
        inference_is_identity=True,
        open_axes=(1,),
    ),
    LayerCase(
        layers.MultiSampleDropout,
        {"layer": keras.layers.Dense(3), "samples": 4, "rate": 0.4, "seed": 7},
        random=True,
    ),
    LayerCase(
        layers.DropPath,
        {"rate": 0.4, "seed": 7},
        random=True,
        strength="rate",
        inference_is_identity=True,
    ),
    LayerCase(
        layers.StochasticDepth,
        {"rate": 0.4, "seed": 7, "mode": "sample", "scaling": "train"},
        random=True,
        pair=True,
    ),
    LayerCase(
        layers.ShakeShake,
        {"seed": 7, "alpha": "even", "beta": "keep", "mode": "batch"},
        pair=True,
    ),
    LayerCase(layers.ShakeShake, random=True, pair=True),
    LayerCase(
        layers.ShakeDrop,
        {
            "rate": 0.4,
            "seed": 7,
            "alpha": (-0.5, 1.5),
            "beta": (0.25, 0.75),
            "mode": "sample",
            "level": "element",
        },
        random=True,
        strength="rate",
    ),
    LayerCase(
        layers.FractionalMaxPooling1D,
        {
            "pool_ratio": 1.41,
            "seed": 7,
            "overlapping": True,
            "sequence": "random",
            "samples": 3,
            "data_format": "channels_first",
        },
        shape=(None, 6),
        random=True,
        channels_first=True,
    ),
    LayerCase(
        layers.FractionalMaxPooling2D,
        {
            "pool_ratio": (1.3, 1.5),
            "seed": 7,
            "overlapping": True,
            "sequence": "random",
            "samples": 3,
            "data_format": "channels_first",
        },
        shape=(None, None, 3),
        random=True,
        channels_first=True,
    ),
    LayerCase(
        layers.FractionalMaxPooling3D,
        {
            "pool_ratio": (1.2, 1, 1.5),
            "seed": 7,
            "overlapping": True,
            "sequence": "random",
            "samples": 3,
            "data_format": "channels_first",
        },
        shape=(None, None, None, 3),
        random=True,
        channels_first=True,
    ),
    LayerCase(
        layers.FractionalAveragePooling1D,
        {
            "pool_ratio": 1.41,
            "seed": 7,
            "overlapping": True,
            "sequence": "random",
            "samples": 3,
            "data_format": "channels_first",
        },
        shape=(None, 6),
        random=True,
        channels_first=True,
    ),
    LayerCase(
        layers.FractionalAveragePooling2D,
        {
            "pool_ratio": (1.3, 1.5),
            "seed": 7,
            "overlapping": True,
            "sequence": "random",
            "samples": 3,
            "data_format": "channels_first",
        },
        shape=(None, None, 3),
        random=True,
        channels_first=True,
    ),
    LayerCase(
        layers.FractionalAveragePooling3D,
        {
            "pool_ratio": (1.2, 1, 1.5),
            "seed": 7,
            "overlapping": True,
            "sequence": "random",
            "samples": 3,
            "data_format": "channels_first",
        },
        shape=(None, None, None, 3),
        random=True,
        channels_first=True,
    ),
    LayerCase(layers.FractionalMaxPooling2D, {"pool_ratio": 1.41}, shape=(16, 17, 3), random=True),
    LayerCase(
        layers.StochasticPooling1D,
        {
            "pool_size": 3,
            "strides": 2,
            "padding": "same",
            "data_format": "channels_first",
            "seed": 7,
        },
        shape=(None, 6),
        random=True,
        channels_first=True,
    ),
    LayerCase(
        layers.StochasticPooling2D,
        {
            "pool_size": (2, 3),
            "strides": (1, 2),
            "padding": "same",
            "data_format": "channels_first",
            "seed": 7,
        },
        shape=(None, None, 3),
        random=True,
        channels_first=True,
    ),
    LayerCase(
        layers.StochasticPooling3D,
        {
            "pool_size": (2, 1, 2),
            "strides": 1,
            "padding": "same",
            "data_format": "channels_first",
            "seed": 7,
        },
        shape=(None, None, None, 3),
        random=True,
        channels_first=True,
    ),
    LayerCase(layers.StochasticPooling2D, shape=(8, 7, 3), random=True),
    ScheduleCase(schedules.Constant, {"value": 0.5}, values={0: 0.5, 10**6: 0.5}),
    ScheduleCase(
        schedules.Linear,
        {"start": 0.25, "end": 0.75, "steps": 10, "begin": 5},
        values={0: 0.25, 5: 0.25, 10: 0.5, 15: 0.75, 10**6: 0.75},
    ),
    ScheduleCase(
        schedules.Cosine,
        {"start": 1.0, "end": 0.0, "steps": 4, "begin": 2},
        values={0: 1.0, 2: 1.0, 3: 0.853553391, 4: 0.5, 6: 0.0, 10**6: 0.0},
    ),
    ScheduleCase(
        schedules.Exponential,
        {"start": 0.01, "end": 1.0, "steps": 4, "begin": 2},
        values={0: 0.01, 4: 0.1, 6: 1.0, 10**6: 1.0},
    ),
    ScheduleCase(
        schedules.Piecewise,
        {"boundaries": [2, 5], "values": [0.1, 0.2, 0.3]},
        values={0: 0.1, 1: 0.1, 2: 0.2, 4: 0.2, 5: 0.3, 10**6: 0.3},
    ),
    ScheduleCase(
        schedules.Curriculum,
        {"limit": 0.5, "steps": 100},
        values={0: 0.0, 10: 0.316060279, 100: 0.499977300, 10**6: 0.5},
    ),
    RegularizerCase(regularizers.L1, {"l1": 0.1}, value=1.0),
    RegularizerCase(regularizers.L2, {"l2": 0.1}, value=3.0),
    RegularizerCase(regularizers.L1L2, {"l1": 0.01, "l2": 0.02}, value=0.7),
    RegularizerCase(regularizers.ElasticNet, {"strength": 0.1, "l1_fraction": 0.25}, value=2.5),
    RegularizerCase(
        regularizers.GroupLasso,
        {"strength": 0.1, "axis": 0, "size_factor": False},
        value=0.763441361516796,
    ),
    RegularizerCase(
        regularizers.SparseGroupLasso,
        {"strength": 0.1, "l1_fraction": 0.25, "axis": 0, "size_factor": False},
        value=0.822581021137597,
    ),
    RegularizerCase(
        regularizers.Hoyer,
        {"strength": 0.1, "squared": False, "axis": (0,)},
        value=0.1393846850117352,
    ),
    RegularizerCase(regularizers.TotalVariation, {"strength": 0.1, "axis": 0}, value=0.4),
    RegularizerCase(
        regularizers.SpectralNorm, {"strength": 0.1, "iterations": 20}, value=2.6180339887498953
    ),
    RegularizerCase(
        regularizers.Orthogonal,
        {"strength": 0.1, "mode": "srip", "iterations": 30},
        value=2.5180339887498953,
        free_at_zero=False,
    ),
    RegularizerCase(
        regularizers.KLSparsity,
        {"strength": 0.1, "target": 0.25},
        value=3.1283351498146112,
        free_at_zero=False,
    ),
    RegularizerCase(
        regularizers.Entropy,
        {"strength": 0.1, "from_logits": True, "maximize": True},
        value=-0.06311874430658669,
        free_at_zero=False,
    ),
    RegularizerCase(
        regularizers.Sum, parts=(regularizers.L1(0.1), regularizers.L2(0.1)), value=4.0
    ),
    RegularizerCase(regularizers.Folded, {"penalty": regularizers.GroupLasso(0.1)}, value=0.0),
    RegularizerCase(
        regularizers.L2SP,
        {"strength": 0.1, "reference": [[1.0, 0, 0], [0, 2.0, 0]]},
        value=2.9,
        refers=True,
    ),
    RegularizerCase(
        regularizers.SoftSharing,
        {
            "reference": keras.Variable([[1.0, 0, 0], [0, 2.0, 0]], trainable=False),
            "strength": 0.1,
            "weight": "recurrent_kernel",
            "gradient": "own",
        },
        value=2.9,
        refers=True,
    ),
    LossCase(
        losses.ConfidencePenalty,
        {"strength": 0.5, "from_logits": True},
        value=0.9150578088316336,
    ),
    LossCase(
        losses.ConfidencePenalty,
        {
            "strength": 0.5,
            "threshold": 0.45,
            "axis": 1,
            "reduction": "sum",
            "name": "penalty",
            "dtype": "float32",
        },
        value=2.3172489260271036,
    ),
    LossCase(losses.JensenShannon, {"views": 2}, value=6.002367403090724),
    LossCase(
        losses.JensenShannon,
        {
            "views": 2,
            "strength": 0.5,
            "from_logits": True,
            "reduction": "sum",
            "name": "views",
            "dtype": "float32",
        },
        value=0.7741495715490344,
    ),
    LossCase(losses.SparseCategoricalCrossentropy, value=1.1563888240280926),
    LossCase(
        losses.SparseCategoricalCrossentropy,
        {
            "from_logits": True,
            "ignore_class": 2,
            "reduction": "sum",
            "axis": 1,
            "name": "smoothed",
            "dtype": "float32",
            "label_smoothing": 0.25,
        },
        value=2.0865126862229526,
    ),
    OptimizerCase(
        optimizers.WeightGroups,
        {
            "base": keras.optimizers.Adam(0.1),
            "groups": [
                {"path": f"weight{number}", "weight_decay": number / 8, "learning_rate_factor": 0.5}
                for number in range(4)
            ],
            "name": "grouped",
        },
    ),
    OptimizerCase(
        optimizers.Lookahead,
        {
            "base": keras.optimizers.SGD(0.1, momentum=0.9),
            "sync_period": 2,
            "slow_step_size": 0.25,
            "name": "ahead",
        },
    ),
    ConstraintCase(
        constraints.L1Ball,
        {"radius": 2.5, "axis": (1,)},
        value=((2.25, 0.0, 0.25), (2.25, 0.0, -0.25)),
    ),
    ConstraintCase(constraints.L1Ball, value=((0.0, 0.0, 0.0), (1.0, 0.0, -1.0))),
    ConstraintCase(
        constraints.SpectralBall,
        {"radius": 2.0},
        value=(
            (1.405300558453491, 0.0, 1.3764574718859282),
            (1.4197221017372716, 0.0, -1.3908790151697088),
        ),
    ),
    ModelCase(models.WithSAM, {"model": classifier(), "rho": 0.5, "adaptive": True, "eta": 0.02}),
    ModelCase(
        models.WithJacobianPenalty,
        {
            "model": classifier(),
            "strength": schedules.Linear(0.1, 0.2, steps=9),
            "projections": 2,
            "seed": 7,
        },
        term="jacobian_penalty",
    ),
    ModelCase(
        models.WithJacobianPenalty, {"model": classifier(), "projections": None}, "jacobian_penalty"
    ),
    ModelCase(
        models.WithRDrop,
        {"model": classifier(), "strength": 0.5, "from_logits": True},
        term="rdrop",
    ),
    ModelCase(
        models.WithVAT,
        {
            "model": classifier(),
            "strength": 0.5,
            "radius": 0.5,
            "iterations": 2,
            "probe": 0.1,
            "from_logits": True,
            "seed": 7,
        },
        term="vat",
    ),
    ModelCase(
        models.WithManifoldMixup,
        {
            "model": classifier(),
            "alpha": 0.5,
            "where": ["hidden", "drop*"],
            "mix_inputs": False,
            "seed": 7,
        },
    ),
    LayerCase(layers.BatchNormalization),
    LayerCase(
        layers.BatchNormalization,
        {
            "axis": 2,
            "momentum": 0.9,
            "epsilon": 0.01,
            "center": False,
            "scale": False,
            "beta_initializer": keras.initializers.Constant(0.5),
            "gamma_initializer": keras.initializers.Constant(2.0),
            "moving_mean_initializer": keras.initializers.Constant(0.25),
            "moving_variance_initializer": keras.initializers.Constant(4.0),
            "beta_regularizer": keras.regularizers.L2(0.25),
            "gamma_regularizer": keras.regularizers.L2(0.5),
            "beta_constraint": keras.constraints.NonNeg(),
            "gamma_constraint": keras.constraints.NonNeg(),
            "renorm": True,
            "renorm_clipping": {"rmin": 0.5, "rmax": 2.0, "dmax": 3.0},
            "renorm_momentum": 0.75,
            "synchronized": keras.backend.backend() == "tensorflow",
            "unbiased_variance": True,
        },
    ),
    LayerCase(layers.GhostBatchNormalization, {"virtual_batch_size": 3}),
    LayerCase(
        layers.GhostBatchNormalization,
        {
            "virtual_batch_size": 2,
            "axis": 2,
            "momentum": 0.9,
            "epsilon": 0.01,
            "center": False,
            "scale": False,
            "beta_initializer": keras.initializers.Constant(0.5),
            "gamma_initializer": keras.initializers.Constant(2.0),
            "moving_mean_initializer": keras.initializers.Constant(0.25),
            "moving_variance_initializer": keras.initializers.Constant(4.0),
            "beta_regularizer": keras.regularizers.L2(0.25),
            "gamma_regularizer": keras.regularizers.L2(0.5),
            "beta_constraint": keras.constraints.NonNeg(),
            "gamma_constraint": keras.constraints.NonNeg(),
            "unbiased_variance": True,
        },
    ),
    LayerCase(layers.FilterResponseNormalization),
    LayerCase(
        layers.FilterResponseNormalization,
        {
            "epsilon": 1e-3,
            "axis": 2,
            "beta_initializer": keras.initializers.Constant(0.5),
            "gamma_initializer": keras.initializers.Constant(2.0),
            "beta_regularizer": keras.regularizers.L2(0.25),
            "gamma_regularizer": keras.regularizers.L2(0.5),
            "beta_constraint": keras.constraints.NonNeg(),
            "gamma_constraint": keras.constraints.NonNeg(),
            "learned_epsilon": True,
            "learned_epsilon_constraint": keras.constraints.NonNeg(),
        },
    ),
    LayerCase(
        layers.TLU,
        {
            "affine": True,
            "axis": 2,
            "tau_initializer": keras.initializers.Constant(0.5),
            "tau_regularizer": keras.regularizers.L2(0.25),
            "tau_constraint": keras.constraints.NonNeg(),
            "alpha_initializer": keras.initializers.Constant(0.25),
            "alpha_regularizer": keras.regularizers.L2(0.5),
            "alpha_constraint": keras.constraints.NonNeg(),
        },
    ),
    LayerCase(
        layers.WeightNormalization,
        {"layer": keras.layers.Dense(3), "data_init": True, "weight_names": ("kernel",)},
    ),
    LayerCase(
        layers.WeightNormalization,
        {"layer": keras.layers.LSTM(3, return_sequences=True)},
        empty_batch=False,
    ),
    LayerCase(
        layers.WeightStandardization,
        {
            "layer": keras.layers.Conv2D(2, 3, padding="same"),
            "epsilon": 1e-3,
            "weight_names": ("kernel",),
        },
        shape=(None, None, 3),
        empty_batch=False,
    ),
    LayerCase(
        layers.TiedDense,
        {
            "tied_to": keras.layers.Dense(3),
            "activation": keras.activations.tanh,
            "use_bias": False,
            "bias_initializer": keras.initializers.Constant(0.5),
            "bias_regularizer": keras.regularizers.L2(0.25),
            "activity_regularizer": keras.regularizers.L2(0.125),
            "bias_constraint": keras.constraints.NonNeg(),
        },
        shape=(6,),
        model=tied_autoencoder,
    ),
    *tied_convolution_rows(),
    LayerCase(
        layers.L0Dense,
        {
            "units": 3,
            "activation": keras.activations.tanh,
            "use_bias": False,
            "strength": 0.01,
            "seed": 7,
            "initial_rate": 0.25,
            "temperature": 0.5,
            "stretch": (-0.2, 1.3),
            "kernel_initializer": keras.initializers.GlorotUniform(seed=1),
        },
        random=True,
    ),
    LayerCase(
        layers.L0Conv2D,
        {
            "filters": 3,
            "kernel_size": (3, 2),
            "strides": (2, 1),
            "padding": "same",
            "strength": 0.01,
            "seed": 7,
            "initial_rate": 0.25,
            "temperature": 0.5,
            "stretch": (-0.2, 1.3),
            "kernel_initializer": keras.initializers.GlorotUniform(seed=1),
        },
        shape=(None, None, 3),
        random=True,
        empty_batch=False,
    ),
    LayerCase(layers.Maxout, {"units": 3}),
    LayerCase(layers.Maxout, {"units": 2, "axis": 1}, shape=(4, None, 3)),
    CallbackCase(
        callbacks.EarlyStopping,
        {
            "monitor": "loss",
            "min_delta": 0.25,
            "patience": 2,
            "verbose": 1,
            "mode": "min",
            "baseline": 0.5,
            "restore_best_weights": True,
            "start_from_epoch": 1,
            "restore": "last",
        },
    ),
    CallbackCase(
        callbacks.EarlyStopping,
        {
            "monitor": {"loss": 1.0, "val_loss": 0.5},
            "mode": {"val_loss": "min"},
            "criterion": callbacks.Any([callbacks.Patience(2), callbacks.TimeLimit(600.0)]),
            "restore": callbacks.TopK(2),
            "restore_optimizer": True,
            "every_steps": 2,
            "validation_data": [np.ones((3, 2)).tolist(), np.ones((3, 1)).tolist()],
            "resume": False,
            "on_nonfinite": callbacks.Rollback(0.25),
        },
    ),
    CallbackCase(callbacks.EarlyStopping, {"snapshot_dir": SCRATCH.name, "resume": False}),
    StoppingCase(callbacks.All, {"criteria": [callbacks.Patience(2), callbacks.Threshold(1.0)]}),
    StoppingCase(callbacks.Any, {"criteria": [callbacks.Patience(2), callbacks.TimeLimit(60.0)]}),
    StoppingCase(callbacks.Divergence, {"value": 10.0}),
    StoppingCase(callbacks.GeneralizationLoss, {"alpha": 2.5}),
    StoppingCase(
        callbacks.Patience,
        {"patience": 3, "min_delta": 0.25, "relative": True, "cumulative": False, "baseline": 0.5},
    ),
    StoppingCase(callbacks.ProgressQuotient, {"alpha": 0.5, "strip": 3}),
    StoppingCase(callbacks.Rollback, {"lr_factor": 0.25, "times": 2}),
    StoppingCase(callbacks.SuccessiveIncreases, {"successive": 3, "strip": 2}),
    StoppingCase(callbacks.Threshold, {"value": 0.5}),
    StoppingCase(callbacks.TimeLimit, {"seconds": 60.0}),
    StoppingCase(callbacks.TopK, {"k": 3}),
    CallbackCase(
        callbacks.GeneralizationGap,
        {"sample": [[[0.0, 1.0], [1.0, -2.0]], [[1.0], [0.0]]], "batch_size": 1},
    ),
    CallbackCase(callbacks.PenaltyMonitor, {"terms": True}),
    CallbackCase(
        callbacks.WeightAveraging,
        {
            "kind": "ema",
            "decay": 0.75,
            "warmup": False,
            "start_epoch": 1,
            "every_steps": 2,
            "learning_rate": None,
            "batch_norm_data": None,
            "batch_norm_steps": None,
            "snapshot_dir": None,
        },
    ),
    CallbackCase(
        callbacks.WeightAveraging,
        {
            "kind": "swa",
            "decay": None,
            "warmup": None,
            "start_epoch": 0,
            "every_steps": None,
            "learning_rate": [0.01, 0.1],
            "batch_norm_data": [[0.0, 1.0], [1.0, -2.0]],
            "batch_norm_steps": 2,
            "snapshot_dir": None,
        },
    ),
    CallbackCase(
        callbacks.WeightAveraging, {"start_epoch": 3, "snapshot_dir": f"{SCRATCH.name}/averages"}
    ),
    CallbackCase(
        callbacks.BestCheckpoint,
        {
            "path": f"{SCRATCH.name}/best.weights.h5",
            "monitor": "loss",
            "mode": "min",
            "threshold": 1e6,
            "verbose": 1,
        },
    ),
    CallbackCase(callbacks.ProximalStep, {"where": ["hidden"]}),
    CallbackCase(
        callbacks.SaturationMonitor,
        {"sample": [[0.0, 1.0], [1.0, -2.0]], "where": ["hidden"], "tolerance": 0.1},
    ),
    CallbackCase(callbacks.WeightDistance, {"where": ["hidden"], "every_steps": 2}),
    *augment_rows(),
)
