"""Reading many files in parallel, with an error that names the file which cannot be read."""

import os
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from kerasreg.datasets import _class_folders

FILES_AT_ONCE = 32
CHECKED_AT_ONCE = 1024
GONE = "it could not be read, and a moment later it could"


class Reader(NamedTuple):
    """How files become examples.

    Args:
        decode: Returns the example of a file, from the path and the other facts about it; fails
            where the file is corrupt.
        shape: The shape of an example, with None where it differs.
        dtype: Its type.
        owner: Name of the function that reads them, for errors.
    """

    decode: Callable[..., tf.Tensor]
    shape: tuple[int | None, ...]
    dtype: tf.DType
    owner: str

    def read(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
        """Returns the data set of `(example, label)` for one of `(facts, label)`, in its order.

        Files are read some at a time, so that what it costs to catch their errors is shared.
        Examples of several sizes cannot be stacked and are read one by one.
        """
        is_fixed = None not in self.shape
        chunks = dataset.batch(FILES_AT_ONCE if is_fixed else 1)
        # Left to itself, TensorFlow works on one chunk at a time for the first few hundred ones.
        examples = chunks.map(
            self._some, num_parallel_calls=max(2, os.cpu_count() or 2), deterministic=True
        )
        count = dataset.cardinality()
        return examples.unbatch().apply(tf.data.experimental.assert_cardinality(count))

    def _some(self, facts: tuple[tf.Tensor, ...], labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        files = tf.data.Dataset.from_tensor_slices(facts).map(self.decode)
        readable = files.ignore_errors().batch(FILES_AT_ONCE)
        nothing = tf.zeros((0, *(size or 0 for size in self.shape)), self.dtype)
        readable = readable.concatenate(tf.data.Dataset.from_tensors(nothing)).take(1)
        found = tf.data.Dataset.get_single_element(readable)

        def refused() -> tf.Tensor:
            return tf.numpy_function(self._refuse, facts, self.dtype)

        found = tf.cond(tf.shape(found)[0] == tf.shape(labels)[0], lambda: found, refused)
        return tf.ensure_shape(found, (None, *self.shape)), labels

    def _refuse(self, *facts: np.ndarray) -> np.ndarray:
        reasons = self.reasons(list(zip(*facts, strict=True)))
        first = os.fsdecode(facts[0][0])
        _class_folders.refuse_files(reasons or {first: GONE}, self.owner)
        raise AssertionError("unreachable")

    def reasons(self, facts: Sequence[tuple[Any, ...]]) -> dict[str, str]:
        """Returns by their paths why files cannot be read, for those that cannot."""
        result = {}
        for each in facts:
            path = os.fsdecode(each[0])
            try:
                self.decode(*map(tf.constant, each))
            except tf.errors.OpError as error:
                is_empty = os.path.isfile(path) and not os.path.getsize(path)
                result[path] = "it is empty" if is_empty else _plain(error.message)
        return result

    def check(self, paths: Sequence[str]) -> dict[str, str]:
        """Reads all files once and returns why files cannot be read, by their paths."""
        names = [os.fsencode(path) for path in paths]

        def number(index: tf.Tensor, path: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            # A value of the image comes along so that the image has to be decoded.
            return index, tf.reshape(self.decode(path), [-1])[0]

        files = tf.data.Dataset.from_tensor_slices(names).enumerate()
        readable = files.map(number, num_parallel_calls=tf.data.AUTOTUNE).ignore_errors()
        good = {int(i) for batch, _ in readable.batch(CHECKED_AT_ONCE) for i in batch}
        return self.reasons([(name,) for i, name in enumerate(names) if i not in good])


def _plain(message: str) -> str:
    """Returns an error of TensorFlow without the names of its operations."""
    return re.sub(r"\{\{.*?\}\}\s*|\s*\[Op:.*", "", message, flags=re.DOTALL).strip(" .\n")
