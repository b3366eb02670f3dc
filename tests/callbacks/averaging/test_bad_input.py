"""What `WeightAveraging` refuses, when, and in which words."""

import keras
import numpy as np
import pytest

from kerasreg.callbacks import WeightAveraging
from tests.callbacks.averaging.training import X, Y, a_model, fit


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"kind": "mean"}, ValueError, "`kind`. Expected one of 'ema', 'swa'"),
        ({"kind": True}, ValueError, "`kind`. Expected one of 'ema', 'swa'"),
        ({"decay": 1}, ValueError, "`decay`. Expected a float value below 1, with which nothing"),
        ({"decay": -0.1}, ValueError, "`decay`. Expected a float value between 0 and 1"),
        ({"decay": "0.9"}, TypeError, "`decay`. Expected a float value between 0 and 1"),
        ({"decay": float("nan")}, ValueError, "`decay`. Expected a float value between 0 and 1"),
        ({"warmup": 1}, TypeError, "`warmup`. Expected True or False"),
        ({"start_epoch": -1}, ValueError, "`start_epoch`. Expected an integer of at least 0"),
        ({"start_epoch": 0.75}, TypeError, "`start_epoch`. Expected an integer of at least 0"),
        ({"every_steps": 0}, ValueError, "`every_steps`. Expected an integer of at least 1"),
        ({"every_steps": True}, TypeError, "`every_steps`. Expected an integer of at least 1"),
        ({"learning_rate": 0.1}, ValueError, "`learning_rate`. Expected None with kind='ema'"),
        ({"kind": "swa", "decay": 0.9}, ValueError, "`decay`. Expected None with kind='swa'"),
        ({"kind": "swa", "warmup": False}, ValueError, "`warmup`. Expected None with kind='swa'"),
        ({"kind": "swa", "learning_rate": 0}, ValueError, "Expected a finite float above 0"),
        (
            {"kind": "swa", "learning_rate": (0.5, 0.1)},
            ValueError,
            r"`learning_rate`. Expected \(low, high\) with low <= high",
        ),
        ({"kind": "swa", "learning_rate": (1, 2, 3)}, ValueError, "Expected 2 values"),
        ({"kind": "swa", "learning_rate": "cyclic"}, TypeError, "Expected a finite float above 0"),
        ({"batch_norm_data": 3}, TypeError, "`batch_norm_data`. Expected arrays in the structure"),
        ({"batch_norm_data": iter([X])}, TypeError, "An iterator is empty after the first time"),
        ({"batch_norm_data": [[1.0], [1.0, 2.0]]}, ValueError, "nested lists of numbers"),
        ({"batch_norm_data": "train"}, TypeError, "`batch_norm_data`. Expected arrays"),
        ({"batch_norm_steps": 2}, ValueError, "Expected None without `batch_norm_data`"),
        ({"batch_norm_data": X, "batch_norm_steps": 0}, ValueError, "an integer of at least 1"),
        ({"snapshot_dir": 3}, TypeError, "`snapshot_dir`. Expected the path of a folder"),
        ({"snapshot_dir": __file__}, ValueError, "a folder, not of a file"),
    ],
    ids=[f"{number:02}" for number in range(26)],
)
def test_arguments(arguments, error, message):
    with pytest.raises(error, match=message) as caught:
        WeightAveraging(**arguments)
    assert str(caught.value).startswith("Invalid value received for argument `")
    assert str(caught.value).endswith(" (WeightAveraging).")


def refused(message, model, *callbacks, **arguments):
    weights = model.get_weights()
    with pytest.raises(ValueError, match=message):
        fit(model, *callbacks, **arguments)
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_the_mean_of_a_model_with_batch_normalization_needs_data():
    refused("`batch_norm_data`. Expected training inputs", a_model(), WeightAveraging("swa"))


def test_frozen_batch_normalization_needs_none():
    model = a_model()
    model.layers[1].trainable = False
    model.compile("sgd", "mse")
    fit(model, WeightAveraging("swa"))


@pytest.mark.parametrize(
    "rate",
    [keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9), lambda: 0.1],
    ids=["schedule", "function"],
)
def test_a_rate_that_nobody_can_set(rate):
    model = a_model(norm=False, optimizer=keras.optimizers.SGD(rate))
    averaging = WeightAveraging("swa", learning_rate=0.05)
    refused("`learning_rate`. Expected None, as the optimizer has a schedule", model, averaging)


@pytest.mark.skipif(
    keras.backend.backend() == "torch", reason="Keras has no steps_per_execution on torch"
)
@pytest.mark.parametrize(
    ("averaging", "message"),
    [
        (lambda: WeightAveraging(), "a multiple of the model's `steps_per_execution`, which is 2"),
        (lambda: WeightAveraging(every_steps=3), "a multiple of the model's `steps_per_execution`"),
        (
            lambda: WeightAveraging("swa", learning_rate=(0.1, 0.2)),
            "one rate for a model whose `steps_per_execution` is 2",
        ),
    ],
    ids=["each step", "not a multiple", "cycle"],
)
def test_steps_that_it_cannot_see(averaging, message):
    refused(message, a_model(norm=False, steps_per_execution=2), averaging())


def test_a_cycle_of_unknown_length():
    model = a_model(norm=False)
    averaging = WeightAveraging("swa", learning_rate=(0.1, 0.2))
    with pytest.raises(ValueError, match="`every_steps`"):
        model.fit((each for each in [(X, Y)]), verbose=0, callbacks=[averaging])


def test_backups_that_would_save_averages(tmp_path):
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    refused("Expected `BackupAndRestore` in front of", a_model(), WeightAveraging(), backup)
    often = keras.callbacks.BackupAndRestore(tmp_path / "backup", save_freq=1)
    averaging = WeightAveraging(snapshot_dir=tmp_path / "averages")
    refused('`BackupAndRestore` with `save_freq="epoch"`', a_model(), often, averaging)


def test_data_without_an_end_for_the_statistics():
    tf = pytest.importorskip("tensorflow")
    data = tf.data.Dataset.from_tensors(X).repeat()
    with pytest.raises(ValueError, match="`batch_norm_steps`"):
        fit(a_model(), WeightAveraging("swa", batch_norm_data=data))
