import dataclasses

import pytest

from kerasreg.datasets import DataSet, FolderDataSet, Split


def never():
    raise AssertionError("read too early")


@pytest.fixture
def data():
    splits = {name: Split(3, never, never) for name in ("train", "validation", "test")}
    texts = {"source": "", "licence": "", "citation": ""}
    return FolderDataSet("flowers", **splits, class_names=("a", "b"), value_range=(0, 255), **texts)


def test_it_is_a_data_set_that_cannot_be_changed(data):
    assert isinstance(data, DataSet)
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.skipped = {}


def test_summary_counts_what_was_skipped(data):
    assert data.skipped == {}
    assert data.sampling_rate is None
    assert repr(data) == "FolderDataSet('flowers': 3 train, 3 validation, 3 test)"
    less = dataclasses.replace(data, skipped={"x.png": "it is empty"})
    assert repr(less) == "FolderDataSet('flowers': 3 train, 3 validation, 3 test, 1 skipped)"
