import numpy as np
import pytest

from kerasreg import datasets

tfds = pytest.importorskip("tensorflow_datasets")

ROWS = 40


def prepare(name, folder, splits, monkeypatch, example):
    """Prepares a data set of `tensorflow-datasets` from made-up examples, without a network."""
    builder = tfds.builder(name, data_dir=folder)

    def generate(self, dl_manager):
        return {split: ((i, example(i)) for i in range(rows)) for split, rows in splits.items()}

    with monkeypatch.context() as patch:
        patch.setattr(type(builder), "_split_generators", generate)
        builder.download_and_prepare()


def gray(i):
    return {"image": np.full((28, 28, 1), i, np.uint8), "label": i % 10}


def test_a_missing_validation_split_is_cut_from_the_end_of_train(tmp_path, monkeypatch):
    prepare("mnist", tmp_path, {"train": ROWS, "test": 5}, monkeypatch, gray)
    data = datasets.load("mnist", data_dir=tmp_path, download=False)
    assert repr(data) == "DataSet('mnist': 36 train, 4 validation, 5 test)"
    assert data.value_range == (0, 255)
    assert data.class_names == tuple("0123456789")
    assert data.train.images.shape == (36, 28, 28, 1)
    np.testing.assert_array_equal(data.train.images[:, 0, 0, 0] % 10, data.train.labels)
    used = np.concatenate([data.train.images, data.validation.images])[:, 0, 0, 0]
    assert sorted(used) == list(range(ROWS))
    stream = data.train.as_dataset(36, shuffle=True, seed=1)
    (images, labels), (others, _) = (next(stream.as_numpy_iterator()) for _ in range(2))
    assert sorted(images[:, 0, 0, 0]) == sorted(data.train.images[:, 0, 0, 0])
    assert not np.array_equal(images, others)
    np.testing.assert_array_equal(images[:, 0, 0, 0] % 10, labels)


def test_validation_and_test_are_cut_from_a_lone_train_split(tmp_path, monkeypatch):
    prepare("fashion_mnist", tmp_path, {"train": ROWS}, monkeypatch, gray)
    data = datasets.load("fashion_mnist", data_dir=tmp_path, download=False)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [32, 4, 4]
    parts = [part.images[:, 0, 0, 0] for part in (data.train, data.validation, data.test)]
    assert sorted(np.concatenate(parts)) == list(range(ROWS))
    assert data.class_names[9] == "Ankle boot"


def test_without_a_train_split_the_error_names_the_splits(tmp_path, monkeypatch):
    prepare("kmnist", tmp_path, {"test": 3}, monkeypatch, gray)
    with pytest.raises(ValueError, match=r"not only \['test'\]"):
        datasets.load("kmnist", data_dir=tmp_path, download=False)


def test_images_of_several_sizes_are_streamed_and_not_stacked(tmp_path, monkeypatch):
    def flower(i):
        return {"image": np.zeros((8 + i, 8, 3), np.uint8), "label": i % 5}

    prepare("tf_flowers", tmp_path, {"train": 10}, monkeypatch, flower)
    data = datasets.load("tf_flowers", data_dir=tmp_path, download=False)
    assert [image.shape[0] for image, _ in data.test.as_dataset().as_numpy_iterator()]
    with pytest.raises(ValueError, match=r"differ in shape.*`as_dataset`"):
        _ = data.train.images


def test_a_data_set_without_pairs_is_refused(tmp_path, monkeypatch):
    prepare("emnist/mnist", tmp_path, {"train": 2}, monkeypatch, gray)
    monkeypatch.setattr(tfds.core.DatasetInfo, "supervised_keys", None)
    with pytest.raises(ValueError, match=r"\(input, label\) pairs.*emnist/mnist"):
        datasets.load("emnist/mnist", data_dir=tmp_path, download=False)
