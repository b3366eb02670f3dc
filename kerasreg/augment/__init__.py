"""Reproducible augmentation of `tf.data` pipelines, in plain TensorFlow.

An `Augmenter` applies a list of operations to a data set, to a batch, or inside your own `map`.
"""

from kerasreg.augment.audio.add_noise import AddNoise
from kerasreg.augment.audio.gain import Gain
from kerasreg.augment.audio.polarity_invert import PolarityInvert
from kerasreg.augment.audio.spec_augment import SpecAugment
from kerasreg.augment.audio.speed import Speed
from kerasreg.augment.audio.time_shift import TimeShift
from kerasreg.augment.audit import audit
from kerasreg.augment.audit_report import AuditReport
from kerasreg.augment.augmenter import Augmenter
from kerasreg.augment.image.affine import Affine
from kerasreg.augment.image.auto_contrast import AutoContrast
from kerasreg.augment.image.blur import Blur
from kerasreg.augment.image.brightness import Brightness
from kerasreg.augment.image.contrast import Contrast
from kerasreg.augment.image.crop import Crop
from kerasreg.augment.image.cutout import Cutout
from kerasreg.augment.image.elastic import Elastic
from kerasreg.augment.image.equalize import Equalize
from kerasreg.augment.image.flip import Flip
from kerasreg.augment.image.gamma import Gamma
from kerasreg.augment.image.gaussian_noise import GaussianNoise
from kerasreg.augment.image.grayscale import Grayscale
from kerasreg.augment.image.grid_mask import GridMask
from kerasreg.augment.image.hue import Hue
from kerasreg.augment.image.invert import Invert
from kerasreg.augment.image.perspective import Perspective
from kerasreg.augment.image.pixel_dropout import PixelDropout
from kerasreg.augment.image.posterize import Posterize
from kerasreg.augment.image.random_erasing import RandomErasing
from kerasreg.augment.image.rotate import Rotate
from kerasreg.augment.image.salt_pepper import SaltPepper
from kerasreg.augment.image.saturation import Saturation
from kerasreg.augment.image.sharpness import Sharpness
from kerasreg.augment.image.shear import Shear
from kerasreg.augment.image.shift import Shift
from kerasreg.augment.image.solarize import Solarize
from kerasreg.augment.image.speckle import Speckle
from kerasreg.augment.image.zoom import Zoom
from kerasreg.augment.mix.cut_mix import CutMix
from kerasreg.augment.mix.mix_up import MixUp
from kerasreg.augment.mix.mix_up_or_cut_mix import MixUpOrCutMix
from kerasreg.augment.operation import Operation
from kerasreg.augment.policy.aug_mix import AugMix
from kerasreg.augment.policy.auto_augment import AutoAugment
from kerasreg.augment.policy.one_of import OneOf
from kerasreg.augment.policy.rand_augment import RandAugment
from kerasreg.augment.policy.random_apply import RandomApply
from kerasreg.augment.policy.sequence import Sequence
from kerasreg.augment.policy.some_of import SomeOf
from kerasreg.augment.policy.trivial_augment import TrivialAugment
from kerasreg.augment.text.span_mask import SpanMask
from kerasreg.augment.text.token_dropout import TokenDropout
from kerasreg.augment.text.token_replace import TokenReplace
from kerasreg.augment.text.token_swap import TokenSwap

__all__ = [
    "Augmenter",
    "AuditReport",
    "audit",
    "Operation",
    "Rotate",
    "Shift",
    "Flip",
    "Zoom",
    "Shear",
    "Perspective",
    "Elastic",
    "Crop",
    "Affine",
    "Blur",
    "GaussianNoise",
    "PixelDropout",
    "Brightness",
    "Contrast",
    "Saturation",
    "Hue",
    "Gamma",
    "Solarize",
    "Posterize",
    "Equalize",
    "AutoContrast",
    "Sharpness",
    "Grayscale",
    "Invert",
    "SaltPepper",
    "Speckle",
    "Cutout",
    "RandomErasing",
    "GridMask",
    "MixUp",
    "CutMix",
    "MixUpOrCutMix",
    "AddNoise",
    "Gain",
    "TimeShift",
    "Speed",
    "PolarityInvert",
    "SpecAugment",
    "TokenDropout",
    "TokenSwap",
    "TokenReplace",
    "SpanMask",
    "RandAugment",
    "TrivialAugment",
    "AutoAugment",
    "AugMix",
    "OneOf",
    "SomeOf",
    "RandomApply",
    "Sequence",
]
