import dataclasses

import pytest

from kerasreg import datasets


def test_summary_names_the_sizes():
    assert repr(datasets.load("digits")) == (
        "DataSet('digits': 1000 train, 297 validation, 500 test)"
    )


def test_a_data_set_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        datasets.load("digits").train = None
