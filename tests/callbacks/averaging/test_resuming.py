"""A training that dies and is started again averages as one that does not; so does a second one."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from kerasreg.callbacks import WeightAveraging, _atomic_file
from tests.callbacks.averaging.training import STEPS, X, Y, assert_equal

EPOCHS = 4


def build():
    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, "tanh"),
            keras.layers.BatchNormalization(momentum=0.5),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "mse", run_eagerly=True)
    return model


def averager(kind, folder):
    if kind == "ema":
        return WeightAveraging("ema", every_steps=2, snapshot_dir=folder)
    return WeightAveraging(
        "swa",
        start_epoch=1,
        every_steps=2,
        learning_rate=(0.01, 0.05),
        batch_norm_data=X,
        snapshot_dir=folder,
    )


def train(folder, kind="ema", *, between=(), behind=(), epochs=EPOCHS, initial_epoch=0, model=None):
    """Trains on, or from the start, and returns the weights in the end."""
    model = model or build()
    backup = keras.callbacks.BackupAndRestore(folder / "backup", delete_checkpoint=False)
    callbacks = [backup, *between, averager(kind, folder / "averages"), *behind]
    model.fit(
        X,
        Y,
        batch_size=4,
        epochs=epochs,
        initial_epoch=initial_epoch,
        shuffle=False,
        verbose=0,
        validation_data=(X, Y),
        callbacks=callbacks,
    )
    return model


class Dies(keras.callbacks.Callback):
    """Ends the training at a moment of it."""

    def __init__(self, hook, number, how=None):
        super().__init__()
        self.hook, self.left = hook, number
        self.how = how or self.fail

    def fail(self):
        raise InterruptedError

    def count(self, hook):
        if hook == self.hook:
            self.left -= 1
            if self.left == 0:
                self.how()

    def on_train_batch_begin(self, batch, logs=None):
        self.count("batch_begin")

    def on_train_batch_end(self, batch, logs=None):
        self.count("batch")

    def on_test_begin(self, logs=None):
        self.count("test")

    def on_epoch_end(self, epoch, logs=None):
        self.count("epoch")

    def on_train_end(self, logs=None):
        self.count("end")


@pytest.fixture(scope="module", params=["ema", "swa"])
def uninterrupted(request, tmp_path_factory):
    model = train(tmp_path_factory.mktemp("whole"), request.param)
    return request.param, model.get_weights()


@pytest.mark.parametrize("place", ["between", "behind"])
@pytest.mark.parametrize(
    ("hook", "number"),
    [("batch", 1), ("batch", STEPS + 2), ("test", 2), ("epoch", 1), ("epoch", 3)],
)
def test_a_restarted_training_ends_with_the_same_averages(
    uninterrupted, tmp_path, place, hook, number
):
    kind, weights = uninterrupted
    with pytest.raises(InterruptedError):
        train(tmp_path, kind, **{place: [Dies(hook, number)]})
    assert_equal(train(tmp_path, kind).get_weights(), weights)


@pytest.mark.parametrize("save", [1, 2, 3])
def test_a_save_that_fails_loses_nothing(uninterrupted, tmp_path, monkeypatch, save):
    kind, weights = uninterrupted
    calls = []

    def replace(source, target):
        calls.append(target)
        if len(calls) == save:
            raise OSError("no space left")
        return os_replace(source, target)

    os_replace = os.replace
    with monkeypatch.context() as patch:
        patch.setattr(_atomic_file.os, "replace", replace)
        with pytest.raises(OSError, match="no space left"):
            train(tmp_path, kind)
    assert_equal(train(tmp_path, kind).get_weights(), weights)


def test_two_fits_are_like_one(uninterrupted, tmp_path):
    kind, weights = uninterrupted
    # Shorter than three quarters for both, as `start_epoch` is given.
    model = train(tmp_path, kind, epochs=2)
    assert_equal(train(tmp_path, kind, model=model, initial_epoch=2).get_weights(), weights)


def test_averages_of_another_step_are_refused(tmp_path):
    train(tmp_path, epochs=2)
    shutil.rmtree(tmp_path / "backup")
    with pytest.raises(ValueError, match="averages of step 0, or an empty one"):
        train(tmp_path)


def test_averages_of_another_kind_or_model_are_refused(tmp_path):
    model = train(tmp_path, epochs=1)
    with pytest.raises(ValueError, match="Expected a folder with averages of kind 'swa'"):
        train(tmp_path, "swa", model=model, initial_epoch=1)
    shutil.rmtree(tmp_path / "backup")
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    other.compile("sgd", "mse")
    other.optimizer.iterations.assign(STEPS)
    with pytest.raises(ValueError, match="Expected a folder with averages of this model"):
        train(tmp_path, model=other, initial_epoch=1)


def test_a_killed_process(tmp_path, uninterrupted):
    kind, weights = uninterrupted
    for hook in ("batch_begin", "epoch"):
        done = subprocess.run(
            [sys.executable, __file__, str(tmp_path), kind, hook],
            cwd=Path(__file__).parents[3],
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
            capture_output=True,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    for a, b in zip(train(tmp_path, kind).get_weights(), weights, strict=True):
        # Another process may add in another order.
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


if __name__ == "__main__":
    where, kind, hook = sys.argv[1:]
    dies = Dies(hook, 2 if hook == "epoch" else 5, lambda: os.kill(os.getpid(), signal.SIGKILL))
    train(Path(where), kind, between=[dies])
