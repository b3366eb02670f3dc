"""Keras' own test of what `ModelCheckpoint` saves, run on `BestCheckpoint`."""

import pytest
from keras.src.callbacks import model_checkpoint_test

from kerasreg.callbacks import BestCheckpoint


@pytest.fixture(autouse=True)
def made(monkeypatch):
    made = []

    def make(filepath, monitor, save_best_only, mode, save_weights_only=False):
        assert save_best_only
        made.append(BestCheckpoint(filepath, monitor, mode=mode))
        return made[-1]

    monkeypatch.setattr(model_checkpoint_test.callbacks, "ModelCheckpoint", make)
    yield made
    assert len(made) == 2


class TestModelCheckpointOfKeras(model_checkpoint_test.ModelCheckpointTest):
    # Saving each epoch or each so many batches is not what it is for.
    test_model_checkpoint_options = None
