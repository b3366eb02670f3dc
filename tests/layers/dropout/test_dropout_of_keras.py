"""Keras' own tests of its Dropout, run on ours."""

import pytest
from keras.src.layers.regularization import dropout_test

import kerasreg


@pytest.fixture(autouse=True)
def ours_in_place_of_theirs(monkeypatch):
    monkeypatch.setattr(dropout_test.layers, "Dropout", kerasreg.layers.Dropout)


class TestDropoutOfKeras(dropout_test.DropoutTest):
    def test_the_class_under_test_is_ours(self):
        assert dropout_test.layers.Dropout is kerasreg.layers.Dropout
