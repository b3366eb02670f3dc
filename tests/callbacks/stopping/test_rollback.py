"""What happens after a value that is not finite."""

import math

import keras
import numpy as np
import pytest

from kerasreg.callbacks import EarlyStopping, Rollback
from tests.callbacks.stopping.playing import Report, Weights, fit, play, small_model

NAN, INF = math.nan, math.inf


def fitted(values, on_nonfinite, model=None, **arguments):
    """Fits with these values; keeps weights, steps and learning rate after each epoch."""
    seen = []
    model = model or small_model(optimizer=keras.optimizers.SGD(0.125, momentum=0.5))
    stopper = EarlyStopping("fake", mode="min", patience=99, on_nonfinite=on_nonfinite, **arguments)

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            optimizer = self.model.optimizer
            seen.append(
                (
                    self.model.get_weights(),
                    [np.array(keras.ops.convert_to_numpy(v)) for v in optimizer.variables],
                    float(keras.ops.convert_to_numpy(optimizer.learning_rate)),
                )
            )

    weights = Weights()
    fit(model, Report("fake", values), weights, stopper, Look(), epochs=len(values))
    return stopper, seen, weights.after, model


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_it_goes_back_to_the_best_and_on_with_a_lower_rate(bad):
    stopper, seen, trained, _ = fitted([3, 1, 2, bad, 2, 2], Rollback(0.5))
    assert len(seen) == 6
    for value, best in zip(seen[3][0], seen[1][0], strict=True):
        np.testing.assert_array_equal(value, best)
    for index, (now, then) in enumerate(zip(seen[3][1], seen[1][1], strict=True)):
        if index != 1:  # the learning rate
            np.testing.assert_array_equal(now, then)
    assert [rate for _, _, rate in seen] == [0.125] * 3 + [0.0625] * 3
    assert np.any(trained[3][0] != seen[3][0][0])
    assert np.any(trained[4][0] != seen[3][0][0])
    assert stopper.report.reason == "completed"
    assert stopper.report.best_epoch == 1


def test_before_the_first_finite_value_it_goes_back_to_the_beginning():
    model = small_model(optimizer=keras.optimizers.SGD(0.125, momentum=0.5))
    beginning = model.get_weights()
    stopper, seen, _, _ = fitted([NAN, 2], Rollback(1.0), model)
    for value, first in zip(seen[0][0], beginning, strict=True):
        np.testing.assert_array_equal(value, first)
    assert seen[0][2] == 0.125
    assert stopper.report.best_epoch == 1
    only_bad, seen, _, model = fitted([NAN, NAN], Rollback(0.5))
    assert not only_bad.report.restored
    assert only_bad.best_weights is None


def test_each_rollback_lowers_the_rate_and_after_so_many_it_stops():
    stopper, seen, _, _ = fitted([1, NAN, NAN, NAN, 2], Rollback(0.5, times=2))
    assert [rate for _, _, rate in seen] == [0.125, 0.0625, 0.03125, 0.03125]
    assert stopper.report.reason == "nonfinite"
    assert stopper.report.stopped_epoch == 3
    assert "fake was not finite" in str(stopper.report)


def test_weights_that_blow_up_become_finite_again():
    model = small_model(optimizer=keras.optimizers.SGD(0.1))

    def spoil_third(epoch, logs):
        if epoch == 2:
            model.set_weights([value * np.inf for value in model.get_weights()])

    spoil = keras.callbacks.LambdaCallback(on_epoch_begin=spoil_third)
    stopper = EarlyStopping("val_loss", patience=99, on_nonfinite=Rollback())
    history = fit(model, stopper, spoil, epochs=5)
    losses = history.history["val_loss"]
    assert not np.isfinite(losses[2])
    assert np.isfinite(losses[3:]).all()
    assert np.isfinite(model.get_weights()[0]).all()


def test_with_a_folder_and_without_restoring(tmp_path):
    stopper, seen, _, model = fitted([1, NAN, 2], Rollback(0.5), snapshot_dir=tmp_path)
    np.testing.assert_array_equal(seen[1][0][0], seen[0][0][0])
    np.testing.assert_array_equal(model.get_weights()[0], seen[0][0][0])
    stopper, seen, _, model = fitted([1, NAN, 2], Rollback(0.5), restore="last")
    np.testing.assert_array_equal(seen[1][0][0], seen[0][0][0])
    np.testing.assert_array_equal(model.get_weights()[0], seen[2][0][0])
    assert not stopper.report.restored


def test_stop():
    stopper = EarlyStopping(patience=9, on_nonfinite="stop")
    play(stopper, [2, 1, NAN, 0.5])
    assert stopper.report.reason == "nonfinite"
    assert (stopper.report.stopped_epoch, stopper.best_epoch) == (2, 1)


def test_a_schedule_cannot_be_lowered():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 9, 0.9)
    model = small_model(optimizer=keras.optimizers.SGD(schedule))
    with pytest.raises(ValueError, match=r"`on_nonfinite`. Expected `lr_factor=1`"):
        fit(model, EarlyStopping("val_loss", on_nonfinite=Rollback(0.5)))
    fit(model, EarlyStopping("val_loss", on_nonfinite=Rollback(1.0)), epochs=1)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"lr_factor": 0}, ValueError),
        ({"lr_factor": 1.5}, ValueError),
        ({"lr_factor": None}, TypeError),
        ({"times": 0}, ValueError),
        ({"times": 1.5}, TypeError),
    ],
)
def test_bad_arguments(arguments, error):
    (name,) = arguments
    with pytest.raises(error, match=rf"argument `{name}`\. Expected .* \(Rollback\)\.$"):
        Rollback(**arguments)
