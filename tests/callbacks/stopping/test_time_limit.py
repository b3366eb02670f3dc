"""A time limit, after validations and after batches."""

import time

import keras
import pytest

from kerasreg.callbacks import EarlyStopping, TimeLimit
from kerasreg.callbacks.stopping.curve import Curve
from tests.callbacks.stopping.playing import fit, small_model


@pytest.mark.parametrize(("seconds", "stop"), [(0.0, False), (9.99, False), (10.0, True)])
def test_stops_when_the_time_is_up(seconds, stop):
    curve = Curve("min", [0], [1.0], seconds=seconds)
    assert TimeLimit(10).decide(curve) == (stop, "time_limit" if stop else None)


def test_it_stops_within_an_epoch_and_the_validation_of_that_epoch_counts():
    slow = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: time.sleep(0.1 if batch else 0.0)
    )
    stopper, model = EarlyStopping(criterion=TimeLimit(0.05)), small_model()
    steps = []
    count = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(1))
    fit(model, slow, stopper, count, epochs=50, batch_size=1)
    assert len(steps) < 4  # of an epoch
    assert stopper.report.reason == "time_limit"
    assert stopper.report.stopped_epoch == 0
    assert stopper.report.stopped_step == len(steps)
    assert stopper.report.epochs == (0,)
    assert stopper.report.restored
    assert "Stopped after epoch 1: the time was up." in str(stopper.report)


def test_training_metrics_of_an_epoch_that_was_cut_short_do_not_count():
    slow = keras.callbacks.LambdaCallback(on_train_batch_begin=lambda batch, logs: time.sleep(0.06))
    stopper = EarlyStopping("loss", criterion=TimeLimit(0.05))
    fit(small_model(), slow, stopper, epochs=50)
    assert stopper.report.values == ()
    assert not stopper.report.restored


def test_without_a_limit_no_batch_is_waited_for():
    stopper = EarlyStopping(patience=3)
    assert "on_train_batch_end" not in vars(stopper)
    assert "on_train_batch_end" in vars(EarlyStopping(criterion=TimeLimit(3)))


@pytest.mark.parametrize(("seconds", "error"), [(0, ValueError), ("1 h", TypeError)])
def test_bad_arguments(seconds, error):
    with pytest.raises(error, match=r"argument `seconds`\. Expected .* \(TimeLimit\)\.$"):
        TimeLimit(seconds)
