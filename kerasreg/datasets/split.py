"""One split of a data set, as arrays and as a `tf.data.Dataset`."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasreg import _checks

if TYPE_CHECKING:
    import tensorflow as tf

LARGEST_BUFFER = 10_000


class Split:
    """One split of a data set, as arrays and as a `tf.data.Dataset`.

    Nothing is read before it is asked for: a large data set is streamed by `as_dataset`, and only
    `images` and `labels` hold a whole split in memory.

    Args:
        size: Number of examples.
        read_arrays: Returns the images and the labels as two arrays.
        open_dataset: Returns a `tf.data.Dataset` of `(image, label)`, one example each, always in
            the same order.
        read_examples: Makes such a data set of what `open_dataset` returns, for examples that are
            opened as something small: that is what is then shuffled, as a whole. None (the default)
            where there is nothing to be done.

    Example:
        >>> import kerasreg
        >>> train = kerasreg.datasets.load("digits").train
        >>> train.images.shape, train.images.dtype
        ((1000, 8, 8, 1), dtype('uint8'))
        >>> images, labels = next(iter(train.as_dataset(32, shuffle=True, seed=1)))
        >>> images.shape, labels.shape
        (TensorShape([32, 8, 8, 1]), TensorShape([32]))
    """

    def __init__(
        self,
        size: int,
        read_arrays: Callable[[], tuple[np.ndarray, np.ndarray]],
        open_dataset: Callable[[], "tf.data.Dataset"],
        read_examples: Callable[["tf.data.Dataset"], "tf.data.Dataset"] | None = None,
    ):
        self._size = size
        self._read_arrays = read_arrays
        self._open_dataset = open_dataset
        self._read_examples = read_examples

    @classmethod
    def from_arrays(cls, images: np.ndarray, labels: np.ndarray) -> "Split":
        """Returns a split of arrays that are in memory already."""

        def open_dataset() -> Any:
            import tensorflow as tf

            return tf.data.Dataset.from_tensor_slices((images, labels))

        return cls(len(labels), lambda: (images, labels), open_dataset)

    @property
    def images(self) -> np.ndarray:
        """All images as one array; in a data set of another kind, all inputs."""
        return self._arrays[0]

    @property
    def labels(self) -> np.ndarray:
        """All labels as one array."""
        return self._arrays[1]

    @cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray]:
        return self._read_arrays()

    def as_dataset(
        self,
        batch_size: int | None = None,
        *,
        shuffle: bool | int = False,
        seed: int | None = None,
        drop_remainder: bool = False,
    ) -> "tf.data.Dataset":
        """Returns a `tf.data.Dataset` of `(images, labels)`.

        Args:
            batch_size: Examples in a batch, at least 1; None (the default) for single examples.
            shuffle: Whether to shuffle, anew each time the data set is iterated, through a buffer
                of the whole split but at most 10,000 examples; or the size of the buffer. Defaults
                to False: always the same order.
            seed: Integer that fixes the orders; None (the default) for other orders in each run.
            drop_remainder: Whether to leave out a last batch that is not full. Defaults to False.
        """
        dataset = self._open_dataset()
        if isinstance(shuffle, bool | np.bool_):
            largest = LARGEST_BUFFER if self._read_examples is None else self._size
            buffer = min(self._size, largest) if shuffle else 0
        else:
            buffer = _checks.whole("shuffle", shuffle, "as_dataset", low=1)
        if seed is not None:
            seed = _checks.whole("seed", seed, "as_dataset", low=None)
        if buffer:
            dataset = dataset.shuffle(buffer, seed=seed, reshuffle_each_iteration=True)
        if self._read_examples is not None:
            dataset = self._read_examples(dataset)
        drop_remainder = _checks.boolean("drop_remainder", drop_remainder, "as_dataset")
        if batch_size is not None:
            batch_size = _checks.whole("batch_size", batch_size, "as_dataset", low=1)
            dataset = dataset.batch(batch_size, drop_remainder=drop_remainder)
        return dataset

    def __len__(self) -> int:
        return self._size

    def __repr__(self) -> str:
        return f"Split({self._size} examples)"
