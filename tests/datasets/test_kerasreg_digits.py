import numpy as np
import pytest

from kerasreg import datasets

tfds = pytest.importorskip("tensorflow_datasets")
pytest.importorskip("kerasreg.datasets.kerasreg_digits")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("prepared")


@pytest.fixture(scope="module")
def prepared(folder):
    return datasets.load("kerasreg_digits", data_dir=folder)


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_the_builder_gives_the_embedded_digits(prepared, part):
    ours, embedded = getattr(prepared, part), getattr(datasets.load("digits"), part)
    np.testing.assert_array_equal(ours.images, embedded.images)
    np.testing.assert_array_equal(ours.labels, embedded.labels)
    assert ours.images.dtype == embedded.images.dtype
    assert ours.as_dataset(4).element_spec == embedded.as_dataset(4).element_spec


def test_the_description_survives(prepared):
    embedded = datasets.load("digits")
    for field in ("class_names", "value_range", "source", "licence", "citation"):
        assert getattr(prepared, field) == getattr(embedded, field), field


def test_a_prepared_folder_needs_no_download(prepared, folder):
    again = datasets.load("kerasreg_digits", data_dir=folder, download=False)
    assert repr(again).replace("kerasreg_", "") == repr(datasets.load("digits"))
    assert tfds.load("kerasreg_digits", data_dir=folder, split="test", download=False)
