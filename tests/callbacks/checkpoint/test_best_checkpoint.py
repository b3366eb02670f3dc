"""The file is that of the best value, whole, and says so itself."""

import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from kerasreg.callbacks import BestCheckpoint, EarlyStopping, WeightAveraging, _atomic_file
from tests.callbacks.averaging.training import Look, a_model, assert_equal
from tests.callbacks.averaging.training import fit as fit_steps
from tests.callbacks.stopping.playing import Report, fit, one_weight_model, play, small_model

NAN, INF = math.nan, math.inf
SUFFIXES = pytest.mark.parametrize("suffix", [".keras", ".weights.h5"])


def compiled():
    model = one_weight_model()
    model.compile("sgd", "mse")
    return model


def loaded(path):
    """Returns the one weight in a file."""
    if str(path).endswith(".keras"):
        model = keras.saving.load_model(path)
    else:
        model = compiled()
        model.load_weights(path)
    return model.get_weights()[0].item()


@SUFFIXES
@pytest.mark.parametrize(
    ("values", "changes", "best"),
    [
        ([3, 1, 2], {}, 2),
        ([1, 1, 1], {}, 1),  # equal is not better
        ([1, 3, 2], {"mode": "max"}, 2),
        ([NAN, 2, 1, 3], {}, 3),  # not kept for good
        ([2, NAN, -INF, 3], {}, 1),
        ([INF, 2], {"mode": "max"}, 2),
        ([2, None, 3], {}, 1),  # no validation in an epoch
        ([3, 2, 1], {"threshold": 2}, 3),
        ([3, 2, 2.5], {"threshold": 2.75}, 2),
    ],
    ids=str,
)
def test_which_epoch_is_saved(tmp_path, suffix, values, changes, best):
    path = tmp_path / f"best{suffix}"
    checkpoint = BestCheckpoint(path, **changes)
    play(checkpoint, values, model=compiled())
    assert loaded(path) == best
    assert (checkpoint.best, checkpoint.best_epoch) == (values[best - 1], best - 1)
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize(
    ("values", "changes"),
    [([NAN, INF, -INF], {}), ([3, 4], {"threshold": 3}), ([1], {"threshold": 1, "mode": "max"})],
    ids=str,
)
def test_nothing_is_saved(tmp_path, values, changes):
    checkpoint = BestCheckpoint(tmp_path / "best.keras", **changes)
    play(checkpoint, values, model=compiled())
    assert os.listdir(tmp_path) == []
    assert (checkpoint.best, checkpoint.best_epoch) == (None, None)


@SUFFIXES
def test_a_new_callback_goes_on_from_the_file(tmp_path, suffix):
    path = tmp_path / "new" / "folder" / f"best{suffix}"
    play(BestCheckpoint(path), [3, 1, 2], model=compiled())
    written = path.stat().st_mtime_ns
    again = BestCheckpoint(path)
    play(again, [4, 2, 1, 1.5], model=compiled())
    assert path.stat().st_mtime_ns == written
    assert (again.best, again.best_epoch) == (1, 1)
    play(again, [4, 2, 0.5], model=compiled())
    assert loaded(path) == 3
    path.unlink()
    play(again, [4, 5], model=compiled())
    assert loaded(path) == 1


@SUFFIXES
def test_a_file_whose_value_nobody_knows_is_not_touched(tmp_path, suffix):
    path = tmp_path / f"best{suffix}"
    model = compiled()
    model.save(path) if suffix == ".keras" else model.save_weights(path)
    content = path.read_bytes()
    with pytest.raises(ValueError, match="says what its 'val_loss' is, or none"):
        play(BestCheckpoint(path), [1], model=compiled())
    assert path.read_bytes() == content
    path.unlink()
    play(BestCheckpoint(path, "val_mae", mode="min"), [1], "val_mae", model=compiled())
    content = path.read_bytes()
    with pytest.raises(ValueError, match="It says 'val_mae'"):
        play(BestCheckpoint(path), [0.5], model=compiled())
    assert path.read_bytes() == content


@SUFFIXES
@pytest.mark.parametrize("mode", ["max", "auto"])
def test_a_file_with_the_best_in_the_other_direction_is_not_touched(tmp_path, suffix, mode):
    path = tmp_path / f"best{suffix}"
    play(BestCheckpoint(path, mode="max" if mode == "auto" else "min"), [3, 4], model=compiled())
    content = path.read_bytes()
    has = "highest" if mode == "auto" else "lowest"
    with pytest.raises(ValueError, match=f"`path`.* It has the {has}. Move it away"):
        play(BestCheckpoint(path, mode=mode), [2, 5], model=compiled())
    assert path.read_bytes() == content


def test_a_folder_and_a_broken_file_are_refused(tmp_path):
    path = tmp_path / "best.keras"
    path.write_text("no archive")
    with pytest.raises(ValueError, match="It says nothing"):
        play(BestCheckpoint(path), [1], model=compiled())
    path.unlink()
    path.mkdir()
    with pytest.raises(ValueError, match="the path of a file, not of a folder"):
        play(BestCheckpoint(path), [1], model=compiled())


@SUFFIXES
def test_a_save_that_fails_leaves_the_old_file(tmp_path, suffix, monkeypatch):
    path = tmp_path / f"best{suffix}"
    checkpoint = BestCheckpoint(path)
    play(checkpoint, [2], model=compiled())

    def replace(source, target):
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(_atomic_file.os, "replace", replace)
        with pytest.raises(OSError, match="no space left"):
            play(checkpoint, [3, 1], model=compiled())
    assert checkpoint.best == 2
    assert loaded(path) == 1
    assert os.listdir(tmp_path) == [path.name]
    play(checkpoint, [3, 1.5], model=compiled())
    assert loaded(path) == 2


@SUFFIXES
def test_a_process_killed_while_it_saves_leaves_the_old_file(tmp_path, suffix):
    path = tmp_path / f"best{suffix}"
    play(BestCheckpoint(path), [2], model=compiled())
    done = subprocess.run(
        [sys.executable, __file__, str(path)],
        cwd=Path(__file__).parents[3],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    assert len(os.listdir(tmp_path)) == 2  # what it had written so far
    assert loaded(path) == 1
    again = BestCheckpoint(path)
    play(again, [2, 3], model=compiled())
    assert again.best == 2
    assert os.listdir(tmp_path) == [path.name]


def test_a_misspelt_monitor_is_an_error_at_the_first_epoch(tmp_path):
    checkpoint = BestCheckpoint(tmp_path / "best.keras", "val_los")
    with pytest.raises(ValueError, match="Did you mean 'val_loss'"):
        fit(small_model(), checkpoint)
    assert os.listdir(tmp_path) == []


def test_validation_in_some_epochs_only(tmp_path):
    path = tmp_path / "best.weights.h5"
    model, look, values = small_model(), Look(), Report("val_loss", [0, 1, 0, 2])

    class Forget(Report):
        def on_epoch_end(self, epoch, logs=None):
            if epoch % 2 == 0:
                logs.pop("val_loss", None)
                logs.pop("val_mae", None)

    fit(model, look, values, Forget("", []), BestCheckpoint(path))
    other = small_model()
    other.load_weights(path)
    assert_equal(other.get_weights(), look.epoch_ends[1])


def test_the_loss_of_an_output_is_minimised(tmp_path):
    inputs = keras.Input((2,))
    outputs = [keras.layers.Dense(1, name=name)(inputs) for name in "ab"]
    model = keras.Model(inputs, outputs)
    model.compile("sgd", ["mse", "mse"], run_eagerly=True)
    checkpoint = BestCheckpoint(tmp_path / "best.keras", "val_a_loss")
    x, y = np.ones((4, 2)), [np.ones((4, 1))] * 2
    model.fit(x, y, epochs=2, validation_data=(x, y), verbose=0, callbacks=[checkpoint])
    assert checkpoint.best_epoch == 1


@pytest.mark.parametrize("averaging_first", [True, False])
def test_averages_are_saved_in_any_order(tmp_path, averaging_first):
    path = tmp_path / "best.weights.h5"
    model, look = a_model(norm=False), Look()
    callbacks = [WeightAveraging(decay=0.5), BestCheckpoint(path, "fake", mode="min")]
    ordered = callbacks if averaging_first else callbacks[::-1]
    fit_steps(model, Report("fake", [2, 1, 3]), *ordered, look, epochs=3)
    saved = a_model(norm=False)
    saved.load_weights(path)
    assert_equal(saved.get_weights(), look.validations[1])


def test_with_early_stopping(tmp_path):
    path = tmp_path / "best.keras"
    model, report = small_model(), Report("fake", [3, 1, 2, 2])
    stopper = EarlyStopping("fake", mode="min", patience=2)
    fit(model, report, BestCheckpoint(path, "fake", mode="min"), stopper)
    assert_equal(keras.saving.load_model(path).get_weights(), model.get_weights())


def test_a_saved_model_trains_on(tmp_path):
    path = tmp_path / "best.keras"
    model = small_model(optimizer=keras.optimizers.Adam(0.1))
    checkpoint = BestCheckpoint(path, "fake", mode="max")
    fit(model, Report("fake", [1, 0]), checkpoint, epochs=2)
    other = keras.saving.load_model(path)
    fit(other, epochs=1)
    assert_equal(other.get_weights(), model.get_weights())


@pytest.mark.parametrize("verbose", [0, 1])
def test_the_line(tmp_path, verbose, capsys):
    play(BestCheckpoint(tmp_path / "b.keras", verbose=verbose), [3, 0.25], model=compiled())
    printed = capsys.readouterr().out
    assert ("Epoch 2: val_loss 0.25, saved to" in printed) == bool(verbose)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"path": 3}, TypeError, "`path`. Expected the path of a file"),
        ({"path": "best.h5"}, ValueError, "ends in '.keras' or '.weights.h5'"),
        ({"path": "best"}, ValueError, "ends in '.keras' or '.weights.h5'"),
        ({"path": ""}, ValueError, "ends in '.keras' or '.weights.h5'"),
        ({"path": "models/.keras"}, ValueError, "ends in '.keras' or '.weights.h5'"),
        ({"path": "{epoch:02d}.keras"}, ValueError, "leave out what is in braces"),
        ({"monitor": ""}, ValueError, "`monitor`. Expected the name of a metric"),
        ({"monitor": 3}, TypeError, "`monitor`. Expected the name of a metric"),
        ({"monitor": ["val_loss", "val_mae"]}, TypeError, "`monitor`. Expected the name"),
        ({"mode": "least"}, ValueError, "`mode`. Expected one of 'auto', 'min', 'max'"),
        ({"threshold": NAN}, ValueError, "`threshold`. Expected a finite float"),
        ({"threshold": "low"}, TypeError, "`threshold`. Expected a finite float"),
        ({"verbose": 2}, ValueError, "`verbose`. Expected one of 0, 1"),
    ],
    ids=[f"{number:02}" for number in range(13)],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message) as caught:
        BestCheckpoint(**{"path": "best.keras", **arguments})
    assert str(caught.value).endswith(" (BestCheckpoint).")


def test_a_metric_of_unknown_direction(tmp_path):
    checkpoint = BestCheckpoint(tmp_path / "best.keras", "fake")
    with pytest.raises(ValueError, match="nothing says which is better for 'fake'"):
        fit(small_model(), Report("fake", [1]), checkpoint)


if __name__ == "__main__":

    def killed(source, target):
        os.kill(os.getpid(), signal.SIGKILL)

    _atomic_file.os.replace = killed
    play(BestCheckpoint(sys.argv[1]), [1], model=compiled())
