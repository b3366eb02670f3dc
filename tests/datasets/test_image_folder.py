import base64
import os
import struct
from collections import Counter
from pathlib import Path

import keras
import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

from kerasreg import augment, datasets  # noqa: E402

COUNT = 120
PARTS = ("train", "validation", "test")
# One pixel, red: the smallest animation there is.
GIF = base64.b64decode("R0lGODlhAQABAIAAAP8AAP///ywAAAAAAQABAAACAkQBADs=")


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits").train


def png(image):
    return tf.io.encode_png(image).numpy()


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def write_digits(folder, digits, order=range(COUNT)):
    """Writes the first digits into class folders, files called by their index."""
    for i in order:
        name = f"{i:03}.{'PNG' if i % 3 else 'png'}"
        write(folder / str(digits.labels[i]) / name, png(digits.images[i] * 15))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory, digits):
    return write_digits(tmp_path_factory.mktemp("digits"), digits)


@pytest.fixture
def pair(tmp_path):
    """Two classes of four images of 6x4 pixels each."""
    for i in range(8):
        write(tmp_path / "ab"[i % 2] / f"{i}.png", png(np.full((6, 4, 3), 10 * i, np.uint8)))
    return tmp_path


def index(path):
    return int(Path(path).stem)


def names(data):
    return [[os.path.relpath(f, data.source) for f in getattr(data, part).files] for part in PARTS]


def gray(folder, **arguments):
    return datasets.image_folder(folder, image_size=(8, 8), color_mode="grayscale", **arguments)


def test_each_file_is_one_example_with_its_pixels_and_its_label(folder, digits):
    data = gray(folder)
    assert repr(data) == f"FolderDataSet({folder.name!r}: 96 train, 12 validation, 12 test)"
    assert data.class_names == tuple("0123456789")
    assert data.value_range == (0, 255)
    assert data.source == str(folder)
    for part in PARTS:
        split = getattr(data, part)
        rows = [index(path) for path in split.files]
        assert split.images.dtype == np.uint8
        np.testing.assert_array_equal(split.images, digits.images[rows] * 15)
        np.testing.assert_array_equal(split.labels, digits.labels[rows])
    assert sorted(index(f) for part in PARTS for f in getattr(data, part).files) == [*range(COUNT)]


def test_splits_hang_on_the_names_and_the_seed_alone(folder, digits, tmp_path):
    copy = write_digits(tmp_path / "copy", digits, reversed(range(COUNT)))
    assert names(gray(copy)) == names(gray(folder))
    assert names(gray(folder, seed=1)) != names(gray(folder))


def test_splits_have_their_share_of_every_class(folder, digits):
    data = gray(folder, validation_fraction=0.25, test_fraction=0.5)
    assert [len(getattr(data, part)) for part in PARTS] == [30, 30, 60]
    whole = Counter(digits.labels[:COUNT].tolist())
    for part, share in (("validation", 0.25), ("test", 0.5)):
        found = Counter(getattr(data, part).labels.tolist())
        assert all(abs(found[label] - share * count) <= 1 for label, count in whole.items())


def test_the_first_examples_of_a_split_are_a_sample_of_it(folder):
    first = gray(folder).train.labels[:32]
    assert len(set(first)) >= 7


def test_every_class_keeps_a_file_to_train_on(tmp_path):
    for i in range(12):
        write(tmp_path / f"class{i:02}" / "only.png", png(np.zeros((2, 2, 3), np.uint8)))
    write(tmp_path / "class00" / "other.png", png(np.zeros((2, 2, 3), np.uint8)))
    data = datasets.image_folder(tmp_path, validation_fraction=0, test_fraction=0.5)
    assert set(data.train.labels) == set(range(12))
    assert len(data.validation) == 0
    assert data.validation.images.shape[0] == len(list(data.validation.as_dataset())) == 0


def test_a_folder_for_each_split(pair, tmp_path_factory):
    root = tmp_path_factory.mktemp("parts")
    for part, count in (("learn", 20), ("held_out", 3)):
        for i in range(count):
            name = "b" if part == "held_out" else "ab"[i % 2]
            write(root / part / name / f"{i}.png", png(np.full((1, 1, 3), i, np.uint8)))
    data = datasets.image_folder({"train": root / "learn", "test": root / "held_out"})
    assert [len(getattr(data, part)) for part in PARTS] == [18, 2, 3]
    assert data.test.labels.tolist() == [1, 1, 1]
    assert sorted(data.test.images[:, 0, 0, 0]) == [0, 1, 2]
    write(root / "held_out" / "c" / "0.png", png(np.zeros((1, 1, 3), np.uint8)))
    with pytest.raises(ValueError, match=r"class folders of the training split, not \['c'\]"):
        datasets.image_folder({"train": root / "learn", "test": root / "held_out"})


def test_given_class_names_order_the_labels_and_leave_out_others(folder):
    data = gray(folder, class_names=["7", "2"])
    assert data.class_names == ("7", "2")
    assert {
        Path(f).parent.name
        for f, label in zip(data.train.files, data.train.labels, strict=True)
        if label == 1
    } == {"2"}
    assert {Path(f).parent.name for f in data.train.files} == {"2", "7"}


def test_hidden_files_are_passed_over_and_folders_in_folders_read(pair):
    write(pair / "a" / "._0.png", b"of another system")
    write(pair / "a" / ".cache" / "1.png", b"nothing")
    write(pair / ".git" / "1.png", b"nothing")
    write(pair / "notes.txt", b"not in a class folder, and no image")
    write(pair / "b" / "deeper" / "still" / "9.png", png(np.zeros((6, 4, 3), np.uint8)))
    data = datasets.image_folder(pair, validation_fraction=0, test_fraction=0)
    assert sorted(index(f) for f in data.train.files) == [0, 1, 2, 3, 4, 5, 6, 7, 9]


@pytest.mark.parametrize("crop", [False, True])
def test_resizing_is_that_of_keras(tmp_path, digits, crop):
    for i in range(8):
        image = np.repeat(digits.images[i] * 15, 1 + i % 3, 0)
        write(tmp_path / "ab"[i % 2] / f"{i}.png", png(image))
    theirs = keras.utils.image_dataset_from_directory(
        tmp_path,
        color_mode="grayscale",
        image_size=(6, 11),
        crop_to_aspect_ratio=crop,
        shuffle=False,
        verbose=False,
    )
    (expected, _) = next(iter(theirs))
    expected = dict(zip(map(index, theirs.file_paths), expected.numpy(), strict=True))
    data = datasets.image_folder(
        tmp_path,
        color_mode="grayscale",
        image_size=(6, 11),
        crop_to_aspect_ratio=crop,
        validation_fraction=0,
        test_fraction=0,
    )
    for path, image in zip(data.train.files, data.train.images, strict=True):
        assert np.abs(image - expected[index(path)]).max() <= 0.5


@pytest.mark.parametrize("interpolation", ["nearest", "area", "bicubic", "lanczos3"])
def test_interpolations_keep_a_flat_image_flat(pair, interpolation):
    data = datasets.image_folder(pair, image_size=(3, 9), interpolation=interpolation)
    for path, image in zip(data.train.files, data.train.images, strict=True):
        assert (image == 10 * index(path)).all()


@pytest.mark.parametrize("interpolation", ["bicubic", "lanczos3", "lanczos5"])
def test_what_swings_over_at_an_edge_is_cut(tmp_path, interpolation):
    edge = np.repeat(np.array([0, 255], np.uint8), 6)[None, :, None]
    for name in "ab":
        write(tmp_path / name / "0.png", png(edge))
    data = datasets.image_folder(
        tmp_path,
        image_size=(1, 36),
        color_mode="grayscale",
        interpolation=interpolation,
        validation_fraction=0,
        test_fraction=0,
    )
    row = data.train.images[0, 0, :, 0]
    assert row[:16].max() < 30
    assert row[-16:].min() > 225


def bmp(image):
    """A BMP file of 24 bits; rows from the bottom, blue first, padded to 4 bytes."""
    height, width, _ = image.shape
    rows = [row[:, ::-1].tobytes().ljust(-(-width * 3 // 4) * 4, b"\0") for row in image[::-1]]
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    body = b"".join(rows)
    return b"BM" + struct.pack("<IHHI", 54 + len(body), 0, 0, 54) + info + body


COLOURS = np.array([[[200, 10, 30], [0, 255, 90]], [[5, 6, 7], [99, 98, 97]]], np.uint8)
GRAYS = np.array([[[1], [100]], [[200], [255]]], np.uint8)
ALPHA = np.array([[[0], [9]], [[128], [255]]], np.uint8)
FULL = np.full_like(ALPHA, 255)
# COLOURS, and with ALPHA, without loss.
WEBP = base64.b64decode(
    "UklGRjwAAABXRUJQVlA4TDAAAAAvAUAAAB+gqG0bqDfR8X+Oi5CASD75Y6pjYsE0dA4hmeY/hjnvLqAkQAAUZSSi/8E="
)
WEBP_ALPHA = base64.b64decode(
    "UklGRkIAAABXRUJQVlA4TDYAAAAvAUAAEB+gqG0bqDfR8X+Oi5CASD75Y6pjYsE0dA4hmYQESfY1q80xyHnvMpQECICijET0Pxg="
)
LUMA = np.round(COLOURS @ np.array([0.2989, 0.587, 0.114]))[..., None]


@pytest.mark.parametrize(
    ("content", "name", "mode", "expected"),
    [
        (png(GRAYS), "x.png", "rgb", np.repeat(GRAYS, 3, -1)),
        (png(COLOURS), "x.png", "rgb", COLOURS),
        (png(np.concatenate([COLOURS, ALPHA], -1)), "x.png", "rgb", COLOURS),
        (png(np.concatenate([COLOURS, ALPHA], -1)), "x.png", "rgba", [COLOURS, ALPHA]),
        (
            png(np.concatenate([GRAYS, ALPHA], -1)),
            "x.png",
            "rgba",
            [np.repeat(GRAYS, 3, -1), ALPHA],
        ),
        (png(np.concatenate([GRAYS, ALPHA], -1)), "x.png", "grayscale", GRAYS),
        (png(COLOURS), "x.png", "rgba", [COLOURS, FULL]),
        (bmp(COLOURS), "x.bmp", "rgb", COLOURS),
        (bmp(COLOURS), "x.bmp", "rgba", [COLOURS, FULL]),
        (bmp(COLOURS), "x.bmp", "grayscale", LUMA),
        (WEBP, "x.webp", "rgb", COLOURS),
        (WEBP, "x.webp", "rgba", [COLOURS, FULL]),
        (WEBP, "x.webp", "grayscale", LUMA),
        (WEBP_ALPHA, "x.webp", "rgb", COLOURS),
        (WEBP_ALPHA, "x.webp", "rgba", [COLOURS, ALPHA]),
        (GIF, "x.gif", "rgb", [[[255, 0, 0]]]),
        (GIF, "x.GIF", "grayscale", [[[76]]]),
        (tf.io.encode_jpeg(GRAYS[:1, :1]).numpy(), "x.jpeg", "rgba", [[[1, 1, 1, 255]]]),
        (png(COLOURS.astype(np.uint16) * 257), "x.png", "rgb", COLOURS),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_channels(tmp_path, content, name, mode, expected):
    write(tmp_path / "a" / name, content)
    write(tmp_path / "b" / name, content)
    data = datasets.image_folder(tmp_path, color_mode=mode, validation_fraction=0, test_fraction=0)
    if isinstance(expected, list) and isinstance(expected[0], np.ndarray):
        expected = np.concatenate(expected, -1)
    for image in data.train.images:
        assert np.abs(image - np.asarray(expected, np.float64)).max() <= 1


def test_images_of_several_sizes_come_one_by_one(pair):
    write(pair / "a" / "9.png", png(np.zeros((5, 5, 3), np.uint8)))
    data = datasets.image_folder(pair, validation_fraction=0, test_fraction=0)
    assert data.train.as_dataset().element_spec[0].shape.as_list() == [None, None, 3]
    shapes = [image.shape for image, _ in data.train.as_dataset(shuffle=True, seed=1)]
    assert Counter(map(tuple, shapes)) == {(6, 4, 3): 8, (5, 5, 3): 1}
    assert next(iter(data.train.as_dataset(1)))[0].shape[0] == 1
    with pytest.raises(ValueError, match=r"`batch_size`.*differ in size.*`image_size`"):
        data.train.as_dataset(2)
    with pytest.raises(ValueError, match=r"differ in shape.*`as_dataset`"):
        _ = data.train.images


def broken():
    """Files that cannot be decoded, with what the error says about them."""
    image = np.arange(3000, dtype=np.uint8).reshape(40, 25, 3)
    jpeg = tf.io.encode_jpeg(image).numpy()
    flipped = bytearray(png(image))
    flipped[len(flipped) // 2] ^= 255
    return {
        "text.png": (b"no image at all", "Unknown image file format"),
        "empty.png": (b"", "it is empty"),
        "cut.png": (png(image)[:-40], "PNG"),
        "cut.jpg": (jpeg[: len(jpeg) // 2], "JPEG"),
        "flipped.png": (bytes(flipped), "PNG"),
    }


@pytest.mark.parametrize("name", broken())
@pytest.mark.parametrize("size", [(8, 8), None])
def test_a_corrupt_file_is_named_when_it_is_read(pair, name, size):
    content, reason = broken()[name]
    write(pair / "b" / name, content)
    data = datasets.image_folder(pair, image_size=size, validation_fraction=0, test_fraction=0)
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        list(data.train.as_dataset(None if size is None else 4))
    said = str(caught.value)
    assert str(pair / "b" / name) in said
    assert reason in said
    assert "on_corrupt='skip'" in said
    assert not any(f"{i}.png" in said for i in range(8))


def test_corrupt_files_are_skipped_and_counted(pair):
    for name, (content, _) in broken().items():
        write(pair / "ab"[len(name) % 2] / name, content)
    write(pair / "a" / "notes.txt", b"nothing")
    data = datasets.image_folder(
        pair, image_size=(8, 8), on_corrupt="skip", validation_fraction=0, test_fraction=0
    )
    assert repr(data).endswith(": 8 train, 0 validation, 0 test, 6 skipped)")
    assert {Path(path).name for path in data.skipped} == {*broken(), "notes.txt"}
    for path, reason in data.skipped.items():
        expected = ".bmp, .gif" if path.endswith("txt") else broken()[Path(path).name][1]
        assert expected in reason
    assert len(list(data.train.as_dataset())) == len(data.train.as_dataset()) == 8
    assert sorted(index(path) for path in data.train.files) == [*range(8)]


def test_nothing_is_skipped_where_nothing_is_corrupt(folder):
    data = gray(folder, on_corrupt="skip")
    assert data.skipped == {}
    assert names(data) == names(gray(folder))


def test_a_file_that_goes_after_it_was_checked_is_named(pair):
    data = datasets.image_folder(
        pair, image_size=(8, 8), on_corrupt="skip", validation_fraction=0, test_fraction=0
    )
    os.remove(data.train.files[3])
    with pytest.raises(tf.errors.InvalidArgumentError, match=Path(data.train.files[3]).name):
        list(data.train.as_dataset(4))


def test_a_class_of_corrupt_files_only_is_an_error(pair):
    for path in (pair / "b").iterdir():
        path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"all 4 are corrupt.*path='.*/b' \(image_folder\)"):
        datasets.image_folder(pair, on_corrupt="skip")


def test_files_of_another_kind_are_named(pair):
    write(pair / "a" / "1.tiff", b"x")
    write(pair / "a" / "2.TIFF", b"x")
    write(pair / "b" / "readme", b"x")
    with pytest.raises(ValueError, match=r"2 of \.tiff, 1 of no extension.*`extensions`.*'skip'"):
        datasets.image_folder(pair)
    assert len(datasets.image_folder(pair, extensions=[".png"], test_fraction=0).train) == 7
    assert len(datasets.image_folder(pair, on_corrupt="skip").skipped) == 3


def test_training_on_a_folder_with_augmentation(folder):
    train = gray(folder).train.as_dataset(16, shuffle=True, seed=1)
    augmenter = augment.Augmenter([augment.Rotate(10)], seed=1)
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss)
    history = model.fit(augmenter(train), epochs=2, verbose=0)
    assert model.optimizer.iterations == 12
    assert np.isfinite(history.history["loss"]).all()


def bad(error, match, **arguments):
    return pytest.param(
        arguments, error, match, id="-".join(f"{k}={v}" for k, v in arguments.items())
    )


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        bad(TypeError, "`path`", path=7),
        bad(TypeError, "`path`", path={"train": None}),
        bad(ValueError, "`path`.*one of 'train', 'validation', 'test'", path={"val": "."}),
        bad(ValueError, r"a folder for 'train', not only for \['test'\]", path={"test": "."}),
        bad(ValueError, "another folder for each split", path={"train": ".", "test": "."}),
        bad(FileNotFoundError, "`path`.*nothing at this path.*nowhere", path="nowhere"),
        bad(NotADirectoryError, "`path`.*This is a file", path=__file__),
        bad(TypeError, "`image_size`", image_size=8),
        bad(ValueError, "`image_size`.*2 values", image_size=(8, 8, 3)),
        bad(ValueError, "`image_size`.*at least 1", image_size=(0, 8)),
        bad(TypeError, "`image_size`", image_size=(8.0, 8)),
        bad(ValueError, "`color_mode`.*'grayscale'", color_mode="gray"),
        bad(ValueError, "`interpolation`.*'area'", interpolation="linear"),
        bad(TypeError, "`crop_to_aspect_ratio`", crop_to_aspect_ratio=1),
        bad(ValueError, "`image_size`.*`crop_to_aspect_ratio` is True", crop_to_aspect_ratio=True),
        bad(TypeError, "`class_names`", class_names="ab"),
        bad(TypeError, "`class_names`", class_names=["a", 1]),
        bad(ValueError, r"`class_names`.*\['a', 'b'\].*'c'", class_names=["a", "c"]),
        bad(ValueError, "`class_names`.*at least two", class_names=["a"]),
        bad(ValueError, "`class_names`.*each once", class_names=["a", "b", "a"]),
        bad(ValueError, "`validation_fraction`", validation_fraction=1.0),
        bad(ValueError, "`test_fraction`", test_fraction=-0.1),
        bad(TypeError, "`test_fraction`", test_fraction="0.1"),
        bad(ValueError, "leaves something to train on", validation_fraction=0.5, test_fraction=0.5),
        bad(ValueError, "`validation_fraction`.*something of 8 files", validation_fraction=0.01),
        bad(TypeError, "`seed`", seed=1.5),
        bad(TypeError, "`seed`", seed=None),
        bad(TypeError, "`extensions`", extensions=".png"),
        bad(ValueError, r"`extensions`.*\.bmp", extensions=[".tiff"]),
        bad(ValueError, "`extensions`", extensions=[]),
        bad(ValueError, r"every class folder; this one has none.*/a'", extensions=[".jpg"]),
        bad(ValueError, "`on_corrupt`.*'error', 'skip'", on_corrupt="ignore"),
    ],
)
def test_bad_arguments(pair, arguments, error, match):
    with pytest.raises(error, match=rf"(?s){match}.*\(image_folder\)"):
        datasets.image_folder(arguments.pop("path", pair), **arguments)


def empty_class(folder):
    (folder / "c").mkdir()


def no_classes(folder):
    for name in "ab":
        os.rename(folder / name, folder / f".{name}")


def one_class(folder):
    os.rename(folder / "b", folder / ".b")


def loose_files(folder):
    write(folder / "loose.jpg", b"x")


def split_folders(folder):
    os.rename(folder / "a", folder / "train")
    os.rename(folder / "b", folder / "Test")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (empty_class, r"this one has none. Remove it, or leave it out of `class_names`.*/c'"),
        (no_classes, "one folder for each class; it has none"),
        (one_class, "at least two class folders, not only 'a'"),
        (loose_files, r"outside of them: \['loose.jpg'\]. Move them into class folders"),
        (split_folders, r"not of splits \['Test', 'train'\]. Pass the splits as"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_bad_folders(pair, change, match):
    change(pair)
    with pytest.raises(ValueError, match=rf"`path`.*{match}.*\(image_folder\)"):
        datasets.image_folder(pair)
