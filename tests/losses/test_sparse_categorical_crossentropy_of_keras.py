"""Keras' own tests of its loss for integer labels, run on ours."""

import keras
import pytest
from keras.src.losses import losses_test

import kerasreg

Ours = kerasreg.losses.SparseCategoricalCrossentropy


@pytest.fixture(autouse=True)
def ours_in_place_of_theirs(monkeypatch):
    monkeypatch.setattr(losses_test.losses, "SparseCategoricalCrossentropy", Ours)


class TestOfKeras(losses_test.SparseCategoricalCrossentropyTest):
    def test_the_class_under_test_is_ours(self):
        assert losses_test.losses.SparseCategoricalCrossentropy is Ours

    # Where Keras takes the last axis only, these expect its error.
    if keras.backend.backend() != "torch":
        test_binary_segmentation_different_axis = None
        test_multi_class_segmentation_different_axis = None
