"""The embedded digits as a data set of `tensorflow-datasets`."""

from typing import ClassVar

import tensorflow_datasets as tfds

from kerasreg.datasets import _digits


class KerasregDigits(tfds.core.GeneratorBasedBuilder):
    """The embedded digits, for pipelines written on `tensorflow-datasets`.

    Importing this module registers them: `tfds.load("kerasreg_digits")` then prepares the 1,797
    images, without a network, in the same splits as `kerasreg.datasets.load("digits")`.

    Example:
        >>> from kerasreg.datasets.kerasreg_digits import KerasregDigits
        >>> KerasregDigits.name
        'kerasreg_digits'

    Reference:
        Alpaydin, Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine Learning
        Repository, doi:10.24432/C50P49.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {
        "1.0.0": "The 1,797 digits, split 1,000, 297 and 500."
    }

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description="Handwritten digits of 8x8 pixels; values from 0 to 16.",
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(8, 8, 1)),
                    "label": tfds.features.ClassLabel(names=_digits.CLASS_NAMES),
                }
            ),
            supervised_keys=("image", "label"),
            homepage=_digits.SOURCE,
            citation=_digits.CITATION,
            license=_digits.LICENCE,
            metadata=tfds.core.MetadataDict(value_range=list(_digits.VALUE_RANGE)),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        del dl_manager
        return {
            name: self._generate_examples(*arrays) for name, arrays in _digits.read_digits().items()
        }

    def _generate_examples(self, images, labels):
        for index, (image, label) in enumerate(zip(images, labels, strict=True)):
            yield index, {"image": image, "label": int(label)}
