"""Several operations together, or none of them."""

from collections.abc import Sequence
from typing import Any

from kerasreg._register import register
from kerasreg.augment.operation import Operation
from kerasreg.augment.policy import sequence


@register
class RandomApply(sequence.Sequence):
    """Several operations together, or none of them.

    With `probability` an example goes through all of the operations, in their order, and else
    stays as it is. (`Sequence` by the name and with the default that torchvision gives it.)

    Labels: safe where all of the operations together are.

    No known difference from the paper.

    Args:
        operations: A list of operations on one kind of data (images, waveforms, ...). None may
            mix examples or change the size of images.
        probability: Share of the examples that go through them, between 0 and 1 or a schedule of
            the epoch. Defaults to 0.5.
        limits: Largest probability for each class, `{label: number}`. Defaults to None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If there are no operations, or one that cannot be part of this.

    Example:
        >>> import kerasreg, numpy as np
        >>> from kerasreg import augment
        >>> operations = [augment.Blur(1), augment.GaussianNoise(5)]
        >>> sometimes = kerasreg.augment.RandomApply(operations, probability=0.3)
        >>> augmenter = kerasreg.augment.Augmenter([sometimes], seed=1)
        >>> augmenter.apply(np.ones((8, 28, 28, 1), "uint8"), index=0).shape
        TensorShape([8, 28, 28, 1])

    Reference:
        Chen, Kornblith, Norouzi, Hinton 2020, A Simple Framework for Contrastive Learning of Visual
        Representations, arXiv:2002.05709.
    """

    def __init__(
        self, operations: Sequence[Operation], *, probability: Any = 0.5, limits: Any = None
    ):
        super().__init__(operations, probability=probability, limits=limits)
