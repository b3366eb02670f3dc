"""What `EarlyStopping` keeps, when it stops, what it says, and what it refuses."""

import math
import warnings

import keras
import numpy as np
import pytest

from kerasreg._backend.averaged_variables import averaged_variables
from kerasreg.callbacks import EarlyStopping
from tests.callbacks.stopping.playing import (
    At,
    Report,
    Weights,
    X,
    Y,
    fit,
    one_weight_model,
    play,
    small_model,
    weight,
)

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("values", "changes", "trained", "best"),
    [
        ([3, 2, 1, 2, 2, 0], {"patience": 2}, 5, 3),  # stopped
        ([3, 2, 1, 2], {"patience": 2}, 4, 3),  # ran out
        ([1, 2, 3, 2, 2], {"patience": 2, "mode": "max"}, 5, 3),
        ([3, 2, 2, 2], {"patience": 2}, 4, 2),  # of equals the first
        ([1.0, 0.95, 0.9, 0.5], {"patience": 2, "min_delta": 0.2}, 3, 3),  # best within min_delta
        ([1.0, 0.95, 0.99], {"patience": 2, "min_delta": 0.2}, 3, 2),
        ([NAN, 0.9, 0.8, 0.7, 0.6, 0.55, 0.5], {"patience": 3}, 7, 7),
        ([INF, 0.9, 0.8], {"patience": 1}, 3, 3),
        ([INF, 0.1, INF, 0.9], {"patience": 2, "mode": "max"}, 4, 4),
        ([0.5, NAN, -INF, 0.4, 0.6], {"patience": 3}, 5, 4),
        ([0.5, NAN, -INF, 0.4, 0.6], {"patience": 2}, 3, 1),
        ([1, 3, 2, 2, 2], {"patience": 2, "start_from_epoch": 1}, 5, 3),
        ([NAN, NAN, 3, 2], {"patience": 2, "start_from_epoch": 1}, 4, 4),
        ([9, 8, 7, 8], {"patience": 3, "baseline": 1}, 4, 3),  # the best, though it missed
        ([9, 8, 7, 7.5, 7, 7], {"patience": 4, "baseline": 1}, 4, 3),
    ],
)
def test_when_it_stops_and_what_comes_back(values, changes, trained, best):
    stopper = EarlyStopping(**changes)
    model = play(stopper, values)
    assert len(stopper.report.values) == trained
    assert stopper.report.best_epoch == best - 1
    assert weight(model) == best


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, 1),
        ({"restore": "best"}, 1),
        ({"restore": "last"}, 3),
        ({"restore": "last", "restore_best_weights": True}, 1),
        ({"restore": "best", "restore_best_weights": False}, 3),
    ],
)
def test_which_weights_are_restored(arguments, expected):
    stopper = EarlyStopping(patience=5, **arguments)
    assert weight(play(stopper, [1, 2, 3])) == expected
    assert stopper.report.restored == (expected == 1)
    assert (stopper.best_weights is not None) == (expected == 1)


def test_nothing_is_restored_when_no_value_was_finite():
    stopper = EarlyStopping(patience=9)
    model = play(stopper, [NAN, INF, NAN])
    assert weight(model) == 3
    assert stopper.best is None
    assert stopper.best_weights is None
    assert not stopper.restore()
    assert "had no finite value that counts: no weights were stored" in str(stopper.report)


def test_the_attributes_of_keras():
    stopper = EarlyStopping(patience=2)
    play(stopper, [3, 1, 2, 2])
    assert (stopper.best, stopper.best_epoch, stopper.wait, stopper.stopped_epoch) == (1, 1, 2, 3)
    np.testing.assert_array_equal(stopper.best_weights, [[[2.0]]])
    assert stopper.min_delta == 0


def test_the_report_while_training_and_afterwards():
    stopper = EarlyStopping("val_loss", patience=2)
    assert stopper.report.reason == "unfinished"
    assert stopper.report.epochs == ()
    play(stopper, [0.5, 0.25, 0.75, 1])
    report = stopper.report
    assert report.reason == "patience"
    assert (report.monitor, report.direction) == ("val_loss", "min")
    assert (report.best_value, report.best_epoch, report.stopped_epoch) == (0.25, 1, 3)
    assert report.epochs == (0, 1, 2, 3)
    assert report.values == (0.5, 0.25, 0.75, 1)
    assert report.restored


def test_a_second_training_starts_afresh():
    stopper = EarlyStopping(patience=2)
    play(stopper, [0.1, 0.2, 0.3])
    model = play(stopper, [0.9, 0.8, 0.7])
    assert weight(model) == 3
    assert stopper.report.reason == "completed"
    assert stopper.report.values == (0.9, 0.8, 0.7)
    assert stopper.stopped_epoch == 0


def test_the_stop_of_another_callback_is_told_apart():
    stopper = EarlyStopping(patience=5)
    model = small_model()
    fit(model, stopper, At(1, lambda: setattr(model, "stop_training", True)))
    assert stopper.report.reason == "elsewhere"
    assert stopper.report.stopped_epoch is None


def test_it_holds_one_copy_that_is_overwritten():
    stopper = EarlyStopping(patience=2)
    model = one_weight_model()
    play(stopper, [3], model=model)
    stopper.on_train_begin()
    stopper.on_epoch_end(0, {"val_loss": 3})
    (first,) = stopper._session.run.kept.entries
    (buffer,) = first.snapshot.copy.buffers
    address = buffer.unsafe_buffer_pointer() if keras.config.backend() == "jax" else id(buffer)
    model.set_weights([np.full((1, 1), 7.0)])
    stopper.on_epoch_end(1, {"val_loss": 2})
    (second,) = stopper._session.run.kept.entries
    assert second is first
    (buffer,) = second.snapshot.copy.buffers
    after = buffer.unsafe_buffer_pointer() if keras.config.backend() == "jax" else id(buffer)
    assert after == address
    assert stopper.best_weights[0].item() == 7


@pytest.mark.parametrize(
    "compiling",
    [{"run_eagerly": False, "jit_compile": True}, {"run_eagerly": False, "steps_per_execution": 2}],
    ids=str,
)
def test_fit_ends_with_the_best_weights(compiling):
    if "steps_per_execution" in compiling and keras.backend.backend() == "torch":
        pytest.skip("Keras has no steps_per_execution on torch")
    stopper, weights = EarlyStopping("fake", patience=2, mode="min"), Weights()
    model = small_model(**compiling)
    fit(model, Report("fake", [3, 1, 2, 2, 0]), stopper, weights, epochs=5)
    assert len(weights.after) == 4
    for value, best in zip(model.get_weights(), weights.after[1], strict=True):
        np.testing.assert_array_equal(value, best)
    assert np.any(weights.after[3][0] != weights.after[1][0])


def test_batch_statistics_come_back_and_seeds_and_optimizer_stay():
    stopper, weights = EarlyStopping("fake", patience=9, mode="min"), Weights()
    keras.utils.set_random_seed(1)
    dropout = keras.layers.Dropout(0.5, seed=3)
    norm = keras.layers.BatchNormalization()
    model = keras.Sequential([keras.Input((2,)), norm, dropout, keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    seed = keras.ops.convert_to_numpy(dropout.seed_generator.state.value)
    fit(model, Report("fake", [1, 2, 3]), stopper, weights, epochs=3)
    for value, best in zip(model.get_weights(), weights.after[0], strict=True):
        np.testing.assert_array_equal(value, best)
    assert np.any(weights.after[2][2] != weights.after[0][2])  # the moving mean
    assert int(model.optimizer.iterations.numpy()) == 6
    assert np.any(keras.ops.convert_to_numpy(dropout.seed_generator.state.value) != seed)


def averaging():
    return small_model(optimizer=keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9))


@pytest.mark.parametrize("swap", [None, "before", "after"])
def test_with_an_averaging_optimizer_the_averages_of_the_best_epoch_come_back(swap):
    """The reference is a plain `fit` of as many epochs, which Keras ends with the averages."""
    expected = averaging()
    fit(expected, epochs=2)
    model, weights = averaging(), Weights()
    callbacks = [Report("fake", [3, 1, 2, 2, 0]), EarlyStopping("fake", patience=2, mode="min")]
    if swap:
        swapping = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
        callbacks.insert(0 if swap == "before" else 2, swapping)
    else:
        callbacks.insert(0, weights)
    fit(model, *callbacks, epochs=5)
    for value, average in zip(model.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(value, average, rtol=1e-5)
    if not swap:
        assert np.abs(weights.after[1][0] - model.get_weights()[0]).max() > 1e-3
        averages = averaged_variables(model)
        for variable in model.weights:
            np.testing.assert_array_equal(averages[id(variable)].numpy(), variable.numpy())


def test_a_training_that_runs_out_at_its_best_ends_as_without_the_callback():
    expected, model = averaging(), averaging()
    fit(expected, epochs=3)
    fit(model, EarlyStopping("val_loss"), epochs=3)
    for value, average in zip(model.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(value, average)


@pytest.mark.parametrize("swap", [False, True])
def test_the_value_is_that_of_the_averages_where_fit_validates_them(swap):
    model = averaging()
    callbacks = [keras.callbacks.SwapEMAWeights()] if swap else []
    stopper = EarlyStopping("val_loss", patience=9)
    fit(model, *callbacks, stopper, epochs=3)
    restored = model.evaluate(X, Y, verbose=0)
    assert (restored == pytest.approx(stopper.best, rel=1e-5)) is swap


class TestMonitor:
    def test_a_misspelt_training_metric_is_an_error_after_the_first_epoch(self):
        model = small_model()
        with pytest.raises(ValueError, match="Did you mean 'loss'") as error:
            fit(model, EarlyStopping("los"), epochs=3)
        assert str(error.value) == (
            "Invalid value received for argument `monitor`. Expected one of 'loss', 'val_loss'. "
            "Did you mean 'loss'? Received: monitor='los' (EarlyStopping)."
        )
        assert model.history.epoch == []

    def test_a_misspelt_validation_metric_is_an_error_at_the_first_validation(self):
        epochs = Weights()
        with pytest.raises(ValueError, match="Did you mean 'val_loss'"):
            fit(small_model(), epochs, EarlyStopping("val_los"), epochs=6, validation_freq=3)
        assert len(epochs.after) == 3

    @pytest.mark.parametrize(
        "arguments", [{"validate": False}, {"validation_freq": 9}, {"validation_freq": [7]}]
    )
    def test_a_validation_metric_without_validation_is_an_error_after_the_first_epoch(
        self, arguments
    ):
        epochs = Weights()
        with pytest.raises(ValueError, match="has no validation data"):
            fit(small_model(), epochs, EarlyStopping("val_loss"), **arguments)
        assert len(epochs.after) == 1

    def test_without_validation_another_callback_may_report_the_value(self):
        stopper = EarlyStopping("val_f1", mode="max", patience=9)
        fit(small_model(), Report("val_f1", [1, 3, 2, 2]), stopper, validate=False)
        assert stopper.best_epoch == 1

    def test_epochs_without_validation_pass_in_silence_and_do_not_count(self):
        stopper = EarlyStopping("val_loss", mode="max", patience=2)
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            fit(small_model(), stopper, epochs=9, validation_freq=2)
        # The loss falls, so that "max" never improves: the first validation, and two more.
        assert stopper.report.epochs == (1, 3, 5)
        assert stopper.stopped_epoch == 5

    def test_a_value_of_another_callback_is_no_sign_of_a_validation(self):
        stopper = EarlyStopping("val_loss", patience=9)
        fit(small_model(), Report("val_f1", [1] * 4), stopper, validation_freq=2)
        assert stopper.report.epochs == (1, 3)

    def test_a_value_that_was_there_once_may_be_missing_later(self):
        stopper = EarlyStopping("sometimes", mode="min", patience=2)
        play(stopper, [2, None, 1, None], monitor="sometimes")
        assert stopper.report.epochs == (0, 2)
        assert stopper.wait == 0

    def test_a_metric_with_many_values_is_refused(self):
        stopper = EarlyStopping("f1", mode="max")
        with pytest.raises(ValueError, match="a metric with one value, not 3"):
            play(stopper, [np.ones(3)], monitor="f1")

    def test_a_metric_that_nobody_knows_needs_a_mode(self):
        def oddness(y_true, y_pred):
            return keras.ops.mean(y_pred)

        model = small_model(metrics=[oddness])
        with pytest.raises(ValueError, match=r"`mode`. Expected 'min' or 'max'.*'val_oddness'"):
            fit(model, EarlyStopping("val_oddness"))
        fit(model, EarlyStopping("val_oddness", mode="max"), epochs=1)


def test_after_an_exception_one_call_restores():
    def fail():
        raise RuntimeError("broken")

    stopper, weights = EarlyStopping("fake", patience=5, mode="min"), Weights()
    model = small_model()
    with pytest.raises(RuntimeError, match="broken"):
        fit(model, Report("fake", [1, 2, 3]), stopper, weights, At(2, fail))
    assert stopper.report.reason == "unfinished"
    assert stopper.restore(model)
    np.testing.assert_array_equal(model.get_weights()[0], weights.after[0][0])
    other = small_model()
    stopper.restore(other)
    np.testing.assert_array_equal(other.get_weights()[0], weights.after[0][0])


@pytest.mark.parametrize(("model", "error"), [(one_weight_model(), ValueError), (3, TypeError)])
def test_restore_refuses_another_model(model, error):
    stopper = EarlyStopping("loss")
    fit(small_model(), stopper, epochs=1)
    with pytest.raises(error, match="argument `model`"):
        stopper.restore(model)


@pytest.mark.parametrize("verbose", [0, 1])
def test_it_says_what_it_does(verbose, capsys):
    play(EarlyStopping(patience=2, verbose=verbose), [1, 2, 3])
    lines = ["Epoch 3: early stopping", "Restored the weights, best in epoch 1."]
    assert capsys.readouterr().out.splitlines() == (lines if verbose else [])


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("monitor", "", ValueError),
        ("monitor", None, TypeError),
        ("monitor", [], ValueError),
        ("monitor", ["val_loss", 3], TypeError),
        ("monitor", ["val_loss", "val_loss"], ValueError),
        ("monitor", {"val_loss": 0.0}, ValueError),
        ("monitor", {"val_loss": "a"}, TypeError),
        ("min_delta", -0.1, ValueError),
        ("min_delta", NAN, ValueError),
        ("min_delta", "a", TypeError),
        ("min_delta", None, TypeError),
        ("patience", -1, ValueError),
        ("patience", 2.5, TypeError),
        ("patience", "a", TypeError),
        ("patience", True, TypeError),
        ("patience", None, TypeError),
        ("verbose", -1, ValueError),
        ("verbose", "auto", TypeError),
        ("mode", "minimum", ValueError),
        ("mode", None, ValueError),
        ("baseline", "a", TypeError),
        ("baseline", NAN, ValueError),
        ("restore_best_weights", "best", TypeError),
        ("restore_best_weights", 1, TypeError),
        ("start_from_epoch", -1, ValueError),
        ("start_from_epoch", 1.0, TypeError),
        ("restore", "worst", ValueError),
        ("restore", None, ValueError),
    ],
)
def test_bad_arguments(name, value, error):
    with pytest.raises(error, match=rf"argument `{name}`\. Expected .* \(EarlyStopping\)\.$"):
        EarlyStopping(**{name: value})


def test_arguments_stand_where_keras_has_them():
    stopper = EarlyStopping("loss", 0.5, 3, 1, "min", 0.25, True, 2)
    reference = keras.callbacks.EarlyStopping("loss", 0.5, 3, 1, "min", 0.25, True, 2)
    for name in stopper.get_config().keys() & vars(reference).keys():
        assert getattr(stopper, name) == getattr(reference, name), name


def test_numpy_numbers_become_plain():
    stopper = EarlyStopping(min_delta=np.float32(0.5), patience=np.int64(3))
    assert stopper.get_config()["min_delta"] == 0.5
    assert type(stopper.patience) is int
