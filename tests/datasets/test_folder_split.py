import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

from kerasreg import datasets  # noqa: E402

COUNT = 70  # more than two times what is read at once


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    """Images of one pixel, whose value is the number in the file's name."""
    folder = tmp_path_factory.mktemp("pixels")
    for i in range(COUNT):
        image = tf.io.encode_png(np.full((1, 1, 1), i, np.uint8))
        tf.io.write_file(str(folder / "ab"[i % 2] / f"{i}.png"), image)
    return datasets.image_folder(
        folder,
        image_size=(1, 1),
        color_mode="grayscale",
        validation_fraction=0,
        test_fraction=0,
    ).train


def rows(dataset):
    """The values in their order; each is checked to be beside its label."""
    found = []
    for images, labels in dataset.as_numpy_iterator():
        values = images.reshape(-1).tolist()
        assert [value % 2 for value in values] == np.reshape(labels, -1).tolist()
        found += values
    return found


def test_in_the_order_of_the_files_and_of_known_number(split):
    expected = [int(path.split("/")[-1].removesuffix(".png")) for path in split.files]
    assert sorted(expected) == [*range(COUNT)]
    assert rows(split.as_dataset()) == rows(split.as_dataset(32)) == expected
    assert len(split) == len(split.as_dataset()) == COUNT
    assert [len(split.as_dataset(32)), len(split.as_dataset(32, drop_remainder=True))] == [3, 2]
    assert split.as_dataset(8).element_spec == (
        tf.TensorSpec((None, 1, 1, 1), tf.uint8),
        tf.TensorSpec((None,), tf.int64),
    )


def test_shuffling_moves_all_files_anew_each_epoch(split):
    dataset = split.as_dataset(7, shuffle=True, seed=1)
    first, second = rows(dataset), rows(dataset)
    assert sorted(first) == sorted(second) == [*range(COUNT)]
    assert first != second
    again = split.as_dataset(16, shuffle=True, seed=1)
    assert [rows(again), rows(again)] == [first, second]
    assert rows(split.as_dataset(7, shuffle=True, seed=2)) != first


def test_arrays_are_in_the_order_of_the_files(split):
    assert split.images[:, 0, 0, 0].tolist() == rows(split.as_dataset())
    assert split.labels.tolist() == [value % 2 for value in rows(split.as_dataset())]


def test_batches_can_be_made_afterwards(split):
    assert len(split.as_dataset().batch(32)) == 3
    assert rows(split.as_dataset().batch(32)) == rows(split.as_dataset())


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"batch_size": 0}, ValueError),
        ({"batch_size": "all"}, TypeError),
        ({"shuffle": None}, TypeError),
        ({"seed": 0.5}, TypeError),
        ({"drop_remainder": None}, TypeError),
    ],
)
def test_bad_arguments(split, arguments, error):
    (name,) = arguments
    with pytest.raises(error, match=rf"argument `{name}`.*\(as_dataset\)"):
        split.as_dataset(**arguments)
