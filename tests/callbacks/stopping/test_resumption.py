"""Training that goes on where another one, or a killed one, was."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from kerasreg.callbacks import EarlyStopping, TopK
from tests.callbacks.stopping.playing import Report, Weights, fit, play, small_model, weight

VALUES = [3.0, 1.0, 2.0, 0.5, 2.0, 2.0, 2.0]


def stopper_in(folder, **arguments):
    return EarlyStopping("fake", mode="min", patience=3, snapshot_dir=folder, **arguments)


def killed_after(epochs, folder, **arguments):
    """Leaves the folder as a training that is killed after so many epochs does."""
    stopper = stopper_in(folder, **arguments)
    stopper.on_train_end = lambda logs=None: None
    weights, model = Weights(), small_model()
    fit(model, Report("fake", VALUES), weights, stopper, epochs=epochs)
    return model, weights.after


def test_a_killed_training_goes_on_with_keras_backup(tmp_path):
    expected, reference = small_model(), stopper_in(tmp_path / "other")
    fit(expected, Report("fake", VALUES), reference, epochs=7)
    assert (reference.stopped_epoch, reference.best_epoch) == (6, 3)
    killed_after(5, tmp_path / "state")
    model, stopper = small_model(), stopper_in(tmp_path / "state")
    fit(expected := small_model(), epochs=5)  # the backup of five epochs
    model.optimizer.build(model.trainable_variables)
    model.set_weights(expected.get_weights())
    model.optimizer.iterations.assign(10)
    fit(model, Report("fake", VALUES), stopper, initial_epoch=5, epochs=99)
    assert stopper.report.values == reference.report.values
    assert stopper.report.steps == reference.report.steps == (2, 4, 6, 8, 10, 12, 14)
    assert (stopper.stopped_epoch, stopper.best_epoch) == (6, 3)
    assert stopper.report.restored


def test_a_folder_that_has_lost_something_is_refused(tmp_path):
    killed_after(3, tmp_path)
    (weights,) = tmp_path.glob("weights-*.npz")
    content = weights.read_bytes()
    weights.unlink()
    with pytest.raises(ValueError, match=f"`snapshot_dir`. Expected .* {weights.name} too"):
        fit(small_model(), stopper_in(tmp_path))
    weights.write_bytes(content)
    for text in ('{"format": 1}', "[]", '{"format": 1', "null"):
        (tmp_path / "state.json").write_text(text)
        with pytest.raises(ValueError, match=r"whose state.json was written by this callback"):
            fit(small_model(), stopper_in(tmp_path))


def test_two_callbacks_with_one_folder_are_refused(tmp_path):
    others = [stopper_in(tmp_path / "a"), stopper_in(str(tmp_path / "b" / ".." / "a"))]
    with pytest.raises(ValueError, match=r"`snapshot_dir`. Expected a folder of its own"):
        fit(small_model(), Report("fake", VALUES), *others)


def test_what_keras_backup_does_not_know_is_validated_again(tmp_path):
    """The state is ahead of the weights, which have been through three epochs."""
    killed_after(5, tmp_path)
    model, stopper = small_model(), stopper_in(tmp_path)
    model.optimizer.build(model.trainable_variables)
    model.optimizer.iterations.assign(6)
    fit(model, Report("fake", VALUES), stopper, initial_epoch=3, epochs=4)
    assert stopper.report.values == (3.0, 1.0, 2.0, 0.5)
    assert stopper.report.best_step == 8


def test_without_a_backup_the_best_weights_stay(tmp_path):
    model, weights = killed_after(5, tmp_path)
    stopper, model = stopper_in(tmp_path), small_model()
    fit(model, Report("fake", [9, 8]), stopper, epochs=2)
    assert stopper.report.values == (9, 8)
    assert (stopper.best, stopper.report.best_step) == (0.5, 8)
    np.testing.assert_array_equal(model.get_weights()[0], weights[3][0])


def test_a_training_that_had_stopped_stops_at_once(tmp_path):
    killed_after(7, tmp_path)
    model, stopper = small_model(), stopper_in(tmp_path)
    model.optimizer.build(model.trainable_variables)
    model.optimizer.iterations.assign(14)
    fit(model, Report("fake", [0.0] * 9), stopper, initial_epoch=7, epochs=9)
    assert stopper.report.reason == "patience"
    assert stopper.report.values == tuple(VALUES)
    assert stopper.best_epoch == 3


@pytest.mark.parametrize(
    ("resume", "values"), [(None, (9, 8)), (False, (9, 8)), (True, (3.0, 1.0, 9, 8))]
)
@pytest.mark.parametrize("finished", [True, False])
def test_what_resume_says(resume, values, finished, tmp_path):
    if finished:
        fit(small_model(), Report("fake", VALUES), stopper_in(tmp_path), epochs=2)
    else:
        killed_after(2, tmp_path)
    stopper = stopper_in(tmp_path, resume=resume)
    fit(small_model(), Report("fake", [9, 8]), stopper, epochs=2)
    # Of an unfinished one new weights have been through nothing; its best weights stay.
    assert stopper.report.values == (values if finished else (9, 8))
    kept_on = resume is True if finished else resume is not False
    assert stopper.best == (1.0 if kept_on else 8)


def test_a_second_fit_goes_on_where_it_is_asked_to():
    stopper = EarlyStopping(patience=2, resume=True)
    play(stopper, [0.1])
    model = play(stopper, [0.3, 0.2, 0.1])
    assert stopper.report.values == (0.1, 0.3, 0.2)
    assert weight(model) == 1
    fresh = EarlyStopping(patience=2)
    play(fresh, [0.1])
    play(fresh, [0.3, 0.2, 0.1])
    assert fresh.best == 0.1
    assert len(fresh.report.values) == 3


def test_one_call_restores_in_another_process(tmp_path):
    _, weights = killed_after(5, tmp_path, restore=TopK(2))
    stopper, model = stopper_in(tmp_path, restore=TopK(2)), small_model()
    assert stopper.restore(model)
    mean = (weights[3][0].astype("float64") + weights[1][0]) / 2
    np.testing.assert_allclose(model.get_weights()[0], mean, rtol=1e-6)
    assert not stopper_in(tmp_path / "nothing").restore(model)


def test_half_precision_comes_back_from_the_disk(tmp_path):
    def make():
        layer = keras.layers.Dense(1, dtype="bfloat16")
        model = keras.Sequential([keras.Input((2,)), layer])
        model.compile("sgd", "mse", run_eagerly=True)
        return model

    weights, model, stopper = Weights(), make(), stopper_in(tmp_path)
    fit(model, Report("fake", [2, 1, 3]), weights, stopper, epochs=3)
    np.testing.assert_array_equal(model.get_weights()[0], weights.after[1][0])
    assert model.get_weights()[0].dtype == weights.after[1][0].dtype


def test_the_folder_holds_the_state_and_the_weights_it_names(tmp_path):
    killed_after(5, tmp_path)
    state = json.loads((tmp_path / "state.json").read_text())
    ((_, name),) = state["weights"]
    assert {path.name for path in tmp_path.iterdir()} == {"state.json", name}


def test_keras_backup_has_to_stand_behind(tmp_path):
    backup = keras.callbacks.BackupAndRestore(str(tmp_path / "backup"))
    with pytest.raises(RuntimeError, match="put BackupAndRestore behind it"):
        fit(small_model(), backup, stopper_in(tmp_path), epochs=1)
    fit(small_model(), EarlyStopping(), backup, epochs=1)
    fit(small_model(), backup, EarlyStopping(), epochs=1)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 99}'])
def test_another_file_is_refused_and_stays(text, tmp_path):
    (tmp_path / "state.json").write_text(text)
    with pytest.raises(ValueError, match=r"`snapshot_dir`. Expected a folder whose state.json"):
        fit(small_model(), EarlyStopping(snapshot_dir=tmp_path), epochs=1)
    assert (tmp_path / "state.json").read_text() == text


def test_the_state_of_another_monitor_is_refused(tmp_path):
    killed_after(2, tmp_path)
    with pytest.raises(ValueError, match="of a training that watched 'val_loss'"):
        fit(small_model(), EarlyStopping(snapshot_dir=tmp_path), epochs=1)


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="JAX does not survive a fork")
def test_kills_lose_nothing():
    """A few; `python -m tests.callbacks.stopping.kills --kills 50` makes many."""
    command = [sys.executable, "-m", "tests.callbacks.stopping.kills", "--kills", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "each with the end of the one not killed" in done.stdout
