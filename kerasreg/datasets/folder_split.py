"""One split of a data set that is read from files."""

import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasreg import _checks
from kerasreg.datasets.split import Split

if TYPE_CHECKING:
    import tensorflow as tf

    from kerasreg.datasets._reading import Reader

READ_AT_ONCE = 1024


class FolderSplit(Split):
    """One split of a data set that is read from files: by `image_folder` or `audio_folder`.

    Args:
        files: The path of each example, in the order of the examples.
        labels: The label of each example.
        facts: What else the reader needs to know of each file, one array each.
        reader: How files become examples.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np, tensorflow as tf
        >>> import kerasreg
        >>> temporary = tempfile.TemporaryDirectory()
        >>> for i in range(20):
        ...     path = pathlib.Path(temporary.name, "even" if i % 2 == 0 else "odd", f"{i}.png")
        ...     tf.io.write_file(str(path), tf.io.encode_png(np.full((4, 4, 1), i, np.uint8)))
        >>> data = kerasreg.datasets.image_folder(temporary.name, color_mode="grayscale")
        >>> isinstance(data.train, kerasreg.datasets.FolderSplit), len(data.train.files)
        (True, 16)
        >>> data.train.labels.sum()
        np.int64(8)
        >>> data.train.images.shape
        (16, 4, 4, 1)
        >>> temporary.cleanup()
    """

    def __init__(
        self,
        files: Sequence[str],
        labels: np.ndarray,
        facts: tuple[np.ndarray, ...],
        reader: "Reader",
    ):
        self.files = tuple(files)
        self._labels = labels
        self._facts = facts
        self._reader = reader
        super().__init__(len(self.files), self._stacked, self._opened, reader.read)

    @property
    def labels(self) -> np.ndarray:
        """All labels as one array, without reading a file."""
        return self._labels

    def as_dataset(
        self,
        batch_size: int | None = None,
        *,
        shuffle: bool | int = False,
        seed: int | None = None,
        drop_remainder: bool = False,
    ) -> "tf.data.Dataset":
        """Returns a `tf.data.Dataset` of `(inputs, labels)`.

        Args:
            batch_size: Examples in a batch, at least 1; None (the default) for single examples.
                Examples of several sizes come one by one: None or 1.
            shuffle: Whether to shuffle, anew each time the data set is iterated. It is the paths
                that are shuffled, all of them, before the files are read; or through a buffer of
                the size given. Defaults to False: always the order of `files`.
            seed: Integer that fixes the orders; None (the default) for other orders in each run.
            drop_remainder: Whether to leave out a last batch that is not full. Defaults to False.

        Raises:
            ValueError: If examples of several sizes are to be batched. Where a file cannot be read,
                TensorFlow raises while the data set is iterated: `tf.errors.InvalidArgumentError`,
                with the name of the file.
        """
        import tensorflow as tf

        if batch_size is not None and None in self._reader.shape:
            size = _checks.whole("batch_size", batch_size, "as_dataset", low=1)
            if size > 1:
                fix = f"Pass a fixed size to `{self._reader.owner}`: `image_size` or `samples`."
                expected = "None or 1, as the examples may differ in size"
                _checks.refuse("batch_size", batch_size, "as_dataset", expected, fix=fix)
        dataset = super().as_dataset(
            batch_size, shuffle=shuffle, seed=seed, drop_remainder=drop_remainder
        )
        # Reading goes on while a batch is worked on.
        return dataset.prefetch(tf.data.AUTOTUNE)

    def _opened(self) -> "tf.data.Dataset":
        import tensorflow as tf

        return tf.data.Dataset.from_tensor_slices((self._sources, self._labels))

    @cached_property
    def _sources(self) -> tuple[Any, ...]:
        import tensorflow as tf

        names = tf.constant([os.fsencode(path) for path in self.files], tf.string)
        return (names, *self._facts)

    def _stacked(self) -> tuple[np.ndarray, np.ndarray]:
        shape = tuple(size or 0 for size in self._reader.shape)
        inputs = (
            [np.zeros((0, *shape), self._reader.dtype.as_numpy_dtype)] if not self.files else []
        )
        if None in self._reader.shape:
            inputs += [each[None] for each, _ in self.as_dataset().as_numpy_iterator()]
        else:
            inputs += [each for each, _ in self.as_dataset(READ_AT_ONCE).as_numpy_iterator()]
        if len({each.shape[1:] for each in inputs}) > 1:
            raise ValueError(
                "The examples differ in shape and do not fit into one array: use `as_dataset`, or "
                f"pass a fixed size to `{self._reader.owner}`: `image_size` or `samples`."
            )
        return np.concatenate(inputs), self._labels
