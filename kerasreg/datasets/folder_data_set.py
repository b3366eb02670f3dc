"""A data set that is read from files, and which of them were left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kerasreg.datasets.data_set import DataSet


@dataclass(frozen=True, repr=False)
class FolderDataSet(DataSet):
    """A data set that is read from class folders, by `image_folder` or `audio_folder`.

    Its splits are `FolderSplit`s: `data.train.files` are the paths of the examples.

    Args:
        name: The folder's name.
        train: The split to train on.
        validation: The split to choose and stop by.
        test: The split to report on.
        class_names: Name of each label in order.
        value_range: `(low, high)` of the values: (0, 255) of pixels, (-1, 1) of waveforms.
        source: The folder.
        licence: Empty.
        citation: Empty.
        skipped: Why a file was left out, by its path; empty with `on_corrupt="error"`.
        sampling_rate: Samples in a second, for audio; else None.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np, tensorflow as tf
        >>> import kerasreg
        >>> temporary = tempfile.TemporaryDirectory()
        >>> for i in range(20):
        ...     path = pathlib.Path(temporary.name, "even" if i % 2 == 0 else "odd", f"{i}.png")
        ...     tf.io.write_file(str(path), tf.io.encode_png(np.full((4, 4, 1), i, np.uint8)))
        >>> _ = path.write_text("no image")
        >>> data = kerasreg.datasets.image_folder(temporary.name, on_corrupt="skip")
        >>> data
        FolderDataSet('...': 15 train, 2 validation, 2 test, 1 skipped)
        >>> [pathlib.Path(path).name for path in data.skipped]
        ['19.png']
        >>> temporary.cleanup()
    """

    skipped: Mapping[str, str] = field(default_factory=dict)
    sampling_rate: int | None = None

    def __repr__(self) -> str:
        left_out = f", {len(self.skipped)} skipped" if self.skipped else ""
        return f"Folder{super().__repr__()[:-1]}{left_out})"
