"""The picture of early stopping: the returned weights are those of the lowest point."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("tensorflow")

from kerasreg.report.gallery import early_stopping as picture
from kerasreg.report.gallery.early_stopping import PATIENCE, early_stopping, train


@pytest.fixture(scope="module")
def training():
    return train()


def test_the_returned_weights_are_the_best(training):
    best = int(np.argmin(training.val_loss))
    assert training.report.best_epoch == best
    assert training.returned == pytest.approx(min(training.val_loss), rel=1e-4)
    assert len(training.val_loss) == best + 1 + PATIENCE
    assert training.loss[-1] < training.loss[best]
    assert training.val_loss[-1] > training.val_loss[best]


def test_the_picture_names_the_epoch(training, monkeypatch):
    monkeypatch.setattr(picture, "train", lambda: training)
    (axes,) = early_stopping().axes
    texts = " ".join(text.get_text() for text in axes.texts)
    assert f"the weights of epoch {training.report.best_epoch + 1}" in texts
    assert axes.get_xlabel() == "epoch"
