"""Audio from class folders."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kerasreg import _checks
from kerasreg.datasets import _class_folders, _folder_splits
from kerasreg.datasets.folder_data_set import FolderDataSet

if TYPE_CHECKING:
    from kerasreg.datasets._wav import Wav

Folder = str | os.PathLike[str]
EXTENSIONS = (".wav",)


def audio_folder(
    path: Folder | Mapping[str, Folder],
    *,
    samples: int | None = None,
    mono: bool = True,
    class_names: Sequence[str] | None = None,
    validation_fraction: float = 0.1,
    test_fraction: float = 0.1,
    seed: int = 0,
    extensions: Sequence[str] | None = None,
    on_corrupt: str = "error",
) -> FolderDataSet:
    """Loads the recordings of a folder that has one folder for each class.

    Reads WAV files of integers (8, 16, 24 or 32 bits) and of floats (32 or 64 bits) as waveforms of
    float32: integers become -1 to 1, floats are taken as they are. The sampling rate must be the
    same in all files and is found in `sampling_rate`. The headers of all files are read in the
    call, their samples when the data set is iterated, in parallel.

    Folders, splits and the order of the files are as in `image_folder`.

    Args:
        path: The folder; or the folder of each split, `{"train": ..., "validation": ..., "test":
            ...}`, of which the last two may be missing.
        samples: Number of samples of every waveform: longer ones are cut at the end, shorter ones
            get zeros there. None (the default) leaves them as they are: batches can then only be
            made of one waveform each.
        mono: Whether to average the channels: `(samples,)`. False keeps them, which must then be as
            many in all files: `(samples, channels)`. Defaults to True.
        class_names: The folders to read, in the order of their labels; others are passed over.
            None (the default) for all of them in alphabetical order.
        validation_fraction: Share of the files that goes to the validation split, from 0 on and
            below 1. Defaults to 0.1.
        test_fraction: Share of the files that goes to the test split, as above. Defaults to 0.1.
        seed: Integer that fixes the splits and the order of the files. Defaults to 0.
        extensions: Extensions to read, `[".wav"]`; other files (transcripts, for instance) are
            passed over. None (the default) reads these, too, and any other file counts as corrupt.
        on_corrupt: "error" (the default): files that are no WAV files, are cut off, hold no samples
            or are compressed are an error which names them. "skip": they are left out, and
            listed in `skipped` with the reason.

    Returns:
        A `FolderDataSet`, with `train`, `validation` and `test`.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range, or the folders are not as described: no
            classes or only one, a class without recordings, recordings outside the class folders,
            files of another kind, several sampling rates, corrupt files.
        FileNotFoundError: If there is nothing at `path`.
        NotADirectoryError: If `path` is a file.

    Example:
        >>> import pathlib, tempfile
        >>> import tensorflow as tf
        >>> import kerasreg
        >>> temporary = tempfile.TemporaryDirectory()
        >>> for i in range(20):
        ...     wave = tf.sin(tf.range(400.0) * (0.1 if i % 2 else 0.5))[:, None]
        ...     path = pathlib.Path(temporary.name, "low" if i % 2 else "high", f"{i}.wav")
        ...     tf.io.write_file(str(path), tf.audio.encode_wav(wave, 8000))
        >>> data = kerasreg.datasets.audio_folder(temporary.name, samples=500)
        >>> data, data.sampling_rate
        (FolderDataSet('...': 16 train, 2 validation, 2 test), 8000)
        >>> data.train.as_dataset(8).element_spec[0]
        TensorSpec(shape=(None, 500), dtype=tf.float32, name=None)
        >>> temporary.cleanup()
    """
    owner = "audio_folder"
    if samples is not None:
        samples = _checks.whole("samples", samples, owner, low=1)
    mono = _checks.boolean("mono", mono, owner)
    shares = _folder_splits.Shares.checked(validation_fraction, test_fraction, seed, owner)
    listing = _class_folders.list_files(
        path,
        owner,
        known=EXTENSIONS,
        extensions=extensions,
        class_names=class_names,
        on_corrupt=on_corrupt,
    )
    import tensorflow as tf

    from kerasreg.datasets import _reading, _wav

    found = _inspected(listing)
    rate = _the_same("rate", found, owner, "one sampling rate", "Resample them first.")
    shape: tuple[int | None, ...] = (samples,)
    if not mono:
        fix = "Pass mono=True to average them."
        shape = (samples, _the_same("channels", found, owner, "one number of channels", fix))
    decode = _wav.decoder(found.values(), samples, mono)
    return _folder_splits.data_set(
        listing,
        shares,
        _reading.Reader(decode, shape, tf.float32, owner),
        value_range=(-1.0, 1.0),
        facts={file: _wav.facts(each, samples) for file, each in found.items()},
        sampling_rate=rate,
    )


def _inspected(listing: _class_folders.Listing) -> dict[str, "Wav"]:
    """Returns what the files hold; corrupt ones are left out of the listing, or refused."""
    from kerasreg.datasets import _wav

    found, reasons = {}, {}
    for path in listing.everything():
        try:
            found[path] = _wav.inspect(path)
        except (OSError, ValueError) as error:
            reasons[path] = str(error)
    listing.leave_out(reasons)
    return found


def _the_same(what: str, found: Mapping[str, "Wav"], owner: str, expected: str, fix: str) -> int:
    """Returns what all files have; refuses two files that differ."""
    first: dict[int, str] = {}
    for path, each in found.items():
        first.setdefault(getattr(each, what), path)
    if len(first) > 1:
        (one, path), (another, other) = list(first.items())[:2]
        differ = f"{path!r} has {one}, {other!r} has {another}."
        _checks.refuse("path", other, owner, f"{expected} in all files", fix=f"{differ} {fix}")
    return next(iter(first))
