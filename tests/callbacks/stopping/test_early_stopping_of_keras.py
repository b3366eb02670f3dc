"""Keras' own tests of `EarlyStopping`, run on ours."""

import keras
import pytest
from keras.src.callbacks import early_stopping_test

from kerasreg.callbacks import EarlyStopping


@pytest.fixture(autouse=True)
def _swapped(monkeypatch):
    monkeypatch.setattr(early_stopping_test.callbacks, "EarlyStopping", EarlyStopping)


class TestEarlyStoppingOfKeras(early_stopping_test.EarlyStoppingTest):
    def test_the_class_is_swapped(self):
        assert early_stopping_test.callbacks.EarlyStopping is EarlyStopping
        assert issubclass(EarlyStopping, keras.callbacks.EarlyStopping)
