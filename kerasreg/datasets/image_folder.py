"""Images from class folders."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from kerasreg import _checks
from kerasreg.datasets import _class_folders, _folder_splits
from kerasreg.datasets.folder_data_set import FolderDataSet

Folder = str | os.PathLike[str]
EXTENSIONS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
COLOR_MODES = ("grayscale", "rgb", "rgba")
INTERPOLATIONS = ("bilinear", "nearest", "area", "bicubic", "lanczos3", "lanczos5", "gaussian")


def image_folder(
    path: Folder | Mapping[str, Folder],
    *,
    image_size: tuple[int, int] | None = None,
    color_mode: str = "rgb",
    interpolation: str = "bilinear",
    crop_to_aspect_ratio: bool = False,
    class_names: Sequence[str] | None = None,
    validation_fraction: float = 0.1,
    test_fraction: float = 0.1,
    seed: int = 0,
    extensions: Sequence[str] | None = None,
    on_corrupt: str = "error",
) -> FolderDataSet:
    """Loads the images of a folder that has one folder for each class.

    Folders within class folders are read, too; names that begin with a dot are passed over. Images
    are uint8 with the values 0 to 255, as TensorFlow decodes them: of an animated GIF the first
    frame, of 16 bits the upper 8, turned as they are stored (no orientation of EXIF), a
    transparency that is not asked for dropped. They are read when the data set is iterated, in
    parallel.

    The splits are those of `path` where it is a dict. Else, validation and test files are taken
    from the classes in proportion, to a file, and each class keeps one to train on. A hash of
    the seed and of a file's path below the folder decides which, so that the splits and the order
    of the files are the same on every machine. That order is like one of a shuffle: the first n
    files of a split are a random sample of it.

    Args:
        path: The folder; or the folder of each split, `{"train": ..., "validation": ..., "test":
            ...}`, of which the last two may be missing.
        image_size: `(height, width)` to which images are resized. None (the default) leaves them
            as they are: batches can then only be made of one image each.
        color_mode: "grayscale", "rgb" or "rgba": 1, 3 or 4 channels. Defaults to "rgb".
        interpolation: "bilinear" (the default), "nearest", "area", "bicubic", "lanczos3",
            "lanczos5" or "gaussian". "area" takes the mean of the pixels, best for much smaller
            sizes.
        crop_to_aspect_ratio: Whether to resize the largest window in the middle of an image that
            has the aspect ratio of `image_size`, rather than to distort. Defaults to False.
        class_names: The folders to read, in the order of their labels; others are passed over.
            None (the default) for all of them in alphabetical order, "10" before "2".
        validation_fraction: Share of the files that goes to the validation split, from 0 on and
            below 1. Defaults to 0.1.
        test_fraction: Share of the files that goes to the test split, as above. Defaults to 0.1.
        seed: Integer that fixes the splits and the order of the files. Defaults to 0.
        extensions: Extensions to read, among ".bmp", ".gif", ".jpeg", ".jpg", ".png" and ".webp";
            other files are passed over. None (the default) reads all of these, and any other file
            counts as corrupt.
        on_corrupt: "error" (the default): a file that cannot be decoded is an error which names it,
            when it is read. "skip": all files are decoded once beforehand, which takes about as
            long as an epoch; those that cannot be are left out, so that the number of examples is
            right, and listed in `skipped` with the reason.

    Returns:
        A `FolderDataSet`, with `train`, `validation` and `test`.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range, or the folders are not as described: no
            classes or only one, a class without images, images outside the class folders, files of
            another kind.
        FileNotFoundError: If there is nothing at `path`.
        NotADirectoryError: If `path` is a file.

    Example:
        >>> import pathlib, tempfile
        >>> import tensorflow as tf
        >>> import kerasreg
        >>> temporary = tempfile.TemporaryDirectory()
        >>> digits = kerasreg.datasets.load("digits").train
        >>> for i, (image, label) in enumerate(digits.as_dataset().take(100)):
        ...     path = pathlib.Path(temporary.name, str(label.numpy()), f"{i}.png")
        ...     tf.io.write_file(str(path), tf.io.encode_png(image * 15))
        >>> data = kerasreg.datasets.image_folder(temporary.name, image_size=(16, 16))
        >>> data
        FolderDataSet('...': 80 train, 10 validation, 10 test)
        >>> images, labels = next(iter(data.train.as_dataset(32, shuffle=True, seed=1)))
        >>> images.shape, images.dtype, data.class_names[labels[0]]
        (TensorShape([32, 16, 16, 3]), tf.uint8, '...')
        >>> temporary.cleanup()
    """
    owner = "image_folder"
    if image_size is not None:
        image_size = _size(image_size, owner)
    _checks.choice("color_mode", color_mode, owner, COLOR_MODES)
    _checks.choice("interpolation", interpolation, owner, INTERPOLATIONS)
    if _checks.boolean("crop_to_aspect_ratio", crop_to_aspect_ratio, owner) and image_size is None:
        _checks.refuse("image_size", None, owner, "a size, as `crop_to_aspect_ratio` is True")
    shares = _folder_splits.Shares.checked(validation_fraction, test_fraction, seed, owner)
    listing = _class_folders.list_files(
        path,
        owner,
        known=EXTENSIONS,
        extensions=extensions,
        class_names=class_names,
        on_corrupt=on_corrupt,
    )
    from kerasreg.datasets import _images

    kinds = {os.path.splitext(each)[1].lower() for each in listing.everything()}
    decode = _images.decoder(color_mode, kinds)
    if on_corrupt == "skip":
        listing.leave_out(
            _images.reader(decode, None, color_mode, owner).check(listing.everything())
        )
    fit = _images.resizer(image_size, interpolation, crop_to_aspect_ratio)
    reader = _images.reader(lambda file: fit(decode(file)), image_size, color_mode, owner)
    return _folder_splits.data_set(listing, shares, reader, value_range=(0, 255))


def _size(size: Any, owner: str) -> tuple[int, int]:
    def side(name: str, value: Any, owner: object) -> int:
        return _checks.whole(name, value, owner, low=1)

    height, width = _checks.many("image_size", size, owner, 2, side, broadcast=False)
    return height, width
