"""Validation inside of the epochs, which training does not notice."""

import keras
import numpy as np
import pytest

from kerasreg.callbacks import (
    Any,
    EarlyStopping,
    Patience,
    PenaltyMonitor,
    Rollback,
    TimeLimit,
    TopK,
)
from tests.callbacks.stopping.playing import At, X, Y, fit, small_model

TORCH = keras.config.backend() == "torch"


def dropping_model(**compiling):
    keras.utils.set_random_seed(1)
    stack = [keras.Input((2,)), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)]
    penalty = keras.regularizers.L2(0.01)
    model = keras.Sequential([*stack, keras.layers.Dense(1, kernel_regularizer=penalty)])
    model.compile("adam", "mse", metrics=["mae"], **compiling)
    return model


def state(model):
    variables = [*model.variables, *model.optimizer.variables]
    return [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in variables]


@pytest.mark.parametrize(
    "compiling", [{"jit_compile": False}, {"steps_per_execution": 2}], ids=["steps", "executions"]
)
def test_history_weights_seeds_and_optimizer_are_the_same_bit_for_bit(compiling):
    if TORCH and "steps_per_execution" in compiling:
        pytest.skip("Keras has no steps_per_execution on torch")
    stopper = EarlyStopping(patience=99, every_steps=2, restore="last", validation_data=(X, Y))
    arguments = {"epochs": 3, "batch_size": 1, "validate": False, "shuffle": True}
    # One after the other: making a model seeds the generators that shuffle.
    history = fit(watched := dropping_model(**compiling), stopper, **arguments)
    expected = fit(plain := dropping_model(**compiling), **arguments)
    assert history.history == expected.history
    for value, other in zip(state(watched), state(plain), strict=True):
        np.testing.assert_array_equal(value, other)
    assert stopper.report.steps == (2, 4, 6, 8, 10, 12)
    assert stopper.report.epochs == (0, 0, 1, 1, 2, 2)


class Batches(keras.utils.PyDataset):
    """All data in one batch."""

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return X, Y


class Recorded(keras.callbacks.Callback):
    """What `evaluate` says, and the weights, after every step of a model that is not watched."""

    def __init__(self):
        super().__init__()
        self.losses, self.weights = [], []

    def on_train_batch_end(self, batch, logs=None):
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()
        self.weights.append(self.model.get_weights())


def losses_after_each_step(make, **arguments):
    recorded, model = Recorded(), make()
    fit(model, recorded, validate=False, **arguments)
    other, losses = make(), []
    for weights in recorded.weights:
        other.set_weights(weights)
        losses.append(other.evaluate(X, Y, verbose=0))
    return losses, recorded.weights


def test_values_steps_and_the_weights_of_the_best_step():
    """Three steps an epoch, a validation after every other step, whatever the epoch."""

    def make():
        return small_model(optimizer=keras.optimizers.SGD(0.9))  # overshoots

    arguments = {"epochs": 3, "steps_per_epoch": None, "batch_size": 1}
    losses, weights = losses_after_each_step(make, **arguments)
    stopper, model = EarlyStopping(patience=99, every_steps=5), make()
    fit(model, stopper, **arguments)
    assert stopper.report.steps == (5, 10)
    np.testing.assert_allclose(stopper.report.values, [losses[4], losses[9]], rtol=1e-5)
    best = (5, 10)[int(np.argmin(stopper.report.values))]
    assert (stopper.report.best_step, stopper.best_epoch) == (best, (best - 1) // 4)
    np.testing.assert_array_equal(model.get_weights()[0], weights[best - 1][0])


def test_it_stops_within_an_epoch():
    stopper, steps = EarlyStopping(mode="max", patience=2, every_steps=1, verbose=1), []
    count = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(1))
    fit(small_model(), stopper, count, epochs=9, batch_size=1)
    assert len(steps) == 3  # the loss falls, so that "max" never improves
    report = stopper.report
    assert (report.stopped_step, report.stopped_epoch, report.reason) == (3, 0, "patience")
    assert "Stopped after step 3 (epoch 1): no improvement of val_loss" in str(report)
    assert "in step 1 (epoch 1), whose weights were restored." in str(report)


def test_the_training_loss_of_the_strip_is_that_of_its_batches():
    """With a learning rate of 0 the loss of each batch is known."""
    stopper = EarlyStopping(patience=99, every_steps=3)
    model = small_model(optimizer=keras.optimizers.SGD(0.0))
    each = [model.evaluate(X[i : i + 1], Y[i : i + 1], verbose=0) for i in range(4)]
    fit(model, stopper, epochs=3, batch_size=1)
    # Steps 3, 6, 9 and 12: of the epoch they are in, the batches 1-3, 1-2, 1 and 2-4.
    expected = [np.mean(each[:3]), np.mean(each[:2]), each[0], np.mean(each[1:])]
    found = stopper._session.run.curve.training_losses
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_data_of_fit_are_the_default_and_a_generator_of_batches_will_do():
    own = EarlyStopping(patience=99, every_steps=2, validation_data=(X, Y))
    fits = EarlyStopping(patience=99, every_steps=2)
    fit(small_model(), own, fits, epochs=2, batch_size=1)
    assert own.report.values == fits.report.values
    assert own.report.steps == (2, 4, 6, 8)


def test_a_training_metric_needs_no_validation():
    stopper = EarlyStopping("loss", patience=99, every_steps=1)
    seen = []
    look = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(logs["loss"])
    )
    fit(small_model(), look, stopper, epochs=2, validate=False)
    assert list(stopper.report.values) == seen


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("every_steps", [None, 1])
def test_the_data_loss_without_penalties_can_be_watched(first, every_steps):
    stopper = EarlyStopping("val_data_loss", patience=99, every_steps=every_steps)
    monitor, model = PenaltyMonitor(), dropping_model()
    callbacks = [stopper, monitor] if first else [monitor, stopper]
    history = fit(model, *callbacks, epochs=2, batch_size=2)
    assert stopper.report.direction == "min"
    assert len(stopper.report.values) == (4 if every_steps else 2)
    assert stopper.report.values[-1] == pytest.approx(
        history.history["val_data_loss"][-1], rel=1e-6
    )


def test_with_an_averaging_optimizer_the_averages_are_validated():
    def make():
        return small_model(optimizer=keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9))

    stopper, model, plain = EarlyStopping(patience=99, every_steps=2), make(), make()
    history = fit(model, stopper, epochs=2)
    expected = fit(plain, epochs=2)
    assert history.history == expected.history  # of the raw weights
    other = make()
    fit(other, epochs=1)  # ends with the averages after two steps
    assert stopper.report.values[0] == pytest.approx(other.evaluate(X, Y, verbose=0), rel=1e-5)
    assert stopper.report.best_step == 4
    np.testing.assert_array_equal(model.get_weights()[0], plain.get_weights()[0])


def test_a_loop_of_ones_own():
    stopper = EarlyStopping(patience=2, mode="max", every_steps=2, validation_data=(X, Y))
    model = small_model()
    stopper.set_model(model)
    stopper.on_train_begin()
    after = []
    for step in range(99):
        row = slice(step % 4, step % 4 + 1)
        logs = model.train_on_batch(X[row], Y[row], return_dict=True)
        after.append(model.get_weights())
        stopper.on_train_batch_end(step, logs)
        if model.stop_training:
            break
    stopper.on_train_end()
    assert stopper.report.steps == (2, 4, 6)
    assert len(after) == 6
    np.testing.assert_array_equal(model.get_weights()[0], after[1][0])


def test_several_metrics_and_their_directions():
    total = EarlyStopping({"val_loss": 1, "val_acc": 2}, patience=9)
    stopper = EarlyStopping(["val_acc", "val_loss"], mode={"val_acc": "max"}, patience=2)
    model = small_model(metrics=["acc"])
    fit(model, total, stopper, epochs=3)
    accuracy, loss = (np.array(total.report.metrics[name]) for name in ("val_acc", "val_loss"))
    np.testing.assert_allclose(total.report.values, loss - 2 * accuracy, rtol=1e-12)
    assert total.report.direction == "min"
    assert stopper.report.direction == "max"
    assert stopper.report.monitor == "val_acc, then val_loss"
    order = sorted(range(3), key=lambda i: (-accuracy[i], loss[i]))
    assert stopper.best_epoch == order[0]


def test_restoring_the_optimizer():
    stopper = EarlyStopping("val_loss", mode="max", patience=9, restore_optimizer=True)
    model, expected = small_model(optimizer="adam"), small_model(optimizer="adam")
    fit(model, stopper, epochs=4)
    fit(expected, epochs=1)
    for value, other in zip(state(model), state(expected), strict=True):
        np.testing.assert_array_equal(value, other)
    assert int(keras.ops.convert_to_numpy(model.optimizer.iterations)) == 2


def test_the_lectures_rule():
    """The value in epoch 3 is better, but not by enough to count."""
    from tests.callbacks.stopping.playing import play, weight

    for rule, expected in [("best", 4), ("k-p", 2), ("last", 4)]:
        stopper = EarlyStopping(patience=2, min_delta=0.5, restore=rule)
        model = play(stopper, [3.0, 1.0, 2.0, 0.9, 1.5])
        assert stopper.stopped_epoch == 3
        assert weight(model) == expected
        assert stopper.report.best_epoch == 3


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"criterion": 3}, TypeError, "criterion"),
        ({"criterion": Patience}, TypeError, "criterion"),
        ({"criterion": Patience(2), "patience": 3}, ValueError, "criterion"),
        ({"criterion": Patience(2), "min_delta": 0.1}, ValueError, "criterion"),
        ({"criterion": Patience(2), "baseline": 0.1}, ValueError, "criterion"),
        ({"criterion": TimeLimit(2), "restore": "k-p"}, ValueError, "restore"),
        ({"restore": 3}, ValueError, "restore"),
        ({"restore_optimizer": None}, TypeError, "restore_optimizer"),
        ({"every_steps": 0}, ValueError, "every_steps"),
        ({"every_steps": 2.0}, TypeError, "every_steps"),
        ({"validation_data": (X, Y)}, ValueError, "every_steps"),
        ({"restore": TopK}, ValueError, "restore"),
        ({"every_steps": 2, "validation_data": X}, TypeError, "validation_data"),
        ({"every_steps": 2, "validation_data": "x"}, TypeError, "validation_data"),
        ({"every_steps": 2, "validation_data": iter([(X, Y)])}, TypeError, "validation_data"),
        ({"every_steps": 2, "validation_data": (X, Y[:3])}, ValueError, "validation_data"),
        ({"every_steps": 2, "validation_data": (X,)}, ValueError, "validation_data"),
        ({"snapshot_dir": 3}, TypeError, "snapshot_dir"),
        ({"snapshot_dir": __file__}, ValueError, "snapshot_dir"),
        ({"on_nonfinite": Rollback}, ValueError, "on_nonfinite"),
        ({"resume": "yes"}, TypeError, "resume"),
        ({"on_nonfinite": "rollback"}, ValueError, "on_nonfinite"),
        ({"mode": {"loss": "min"}}, ValueError, "mode"),
        ({"mode": {"val_loss": "low"}}, ValueError, "mode"),
    ],
    ids=lambda value: None,
)
def test_bad_arguments(arguments, error, name):
    with pytest.raises(error, match=rf"argument `{name}`\. Expected .* \(EarlyStopping\)\.$"):
        EarlyStopping(**arguments)
    assert EarlyStopping(criterion=Any([TimeLimit(2), Patience(2)]), restore="k-p").rule == "k-p"


def test_what_only_fit_can_know():
    with pytest.raises(ValueError, match=r"`validation_data`. Expected validation data"):
        fit(small_model(), EarlyStopping(every_steps=2), validate=False)
    if not TORCH:
        model = small_model(run_eagerly=False, steps_per_execution=2)
        with pytest.raises(
            ValueError, match=r"`every_steps`. Expected a multiple of .* which is 2"
        ):
            fit(model, EarlyStopping(every_steps=3))


def test_what_restore_and_on_nonfinite_may_be_besides_words_is_said():
    with pytest.raises(ValueError, match=r"'last', or a `kerasreg.callbacks.TopK\(k\)`\. Rec"):
        EarlyStopping(restore="top-k")
    with pytest.raises(ValueError, match=r"'stop', or a `kerasreg.callbacks.Rollback\(\)`\. Rec"):
        EarlyStopping(on_nonfinite="rollback")


def test_more_steps_between_validations_than_the_training_has_are_refused():
    """It would never validate, never stop, and keep nothing."""
    with pytest.raises(ValueError, match=r"`every_steps`. Expected an integer of at most 8, the"):
        fit(small_model(), EarlyStopping(every_steps=9), epochs=4)
    stopper = EarlyStopping(every_steps=8)
    fit(small_model(), stopper, epochs=4)
    assert stopper.report.steps == (8,)


def test_short_trainings_one_after_the_other_add_up():
    stopper, model = EarlyStopping(every_steps=3, resume=True), small_model()
    for _ in range(3):
        fit(model, stopper, epochs=1)
    assert stopper.report.steps == (3, 6)


def test_a_loop_of_ones_own_may_count_its_batches_anew_in_each_epoch():
    stopper = EarlyStopping(patience=9, every_steps=3, validation_data=(X, Y))
    model = small_model()
    stopper.set_model(model)
    stopper.on_train_begin()
    for _ in range(3):
        for batch in range(4):
            model.train_on_batch(X[batch : batch + 1], Y[batch : batch + 1])
            stopper.on_train_batch_end(batch, {})
    stopper.on_train_end()
    assert stopper.report.steps == (3, 6, 9, 12)
    assert stopper.report.epochs == (0, 1, 2, 2)


@pytest.mark.parametrize("every_steps", [None, 1])
@pytest.mark.parametrize("monitor", ["val_a_loss", "val_b_loss", "val_loss", "a_loss"])
def test_the_losses_of_several_outputs_are_minimised(monitor, every_steps):
    inputs = keras.Input((2,))
    outputs = {name: keras.layers.Dense(1, name=name)(inputs) for name in "ab"}
    model = keras.Model(inputs, outputs)
    model.compile("sgd", {"a": "mse", "b": "mae"}, run_eagerly=True)
    stopper = EarlyStopping(monitor, patience=9, every_steps=every_steps)
    data = {"a": Y, "b": -Y}
    model.fit(X, data, validation_data=(X, data), epochs=3, verbose=0, callbacks=[stopper])
    assert stopper.report.direction == "min"
    assert stopper.report.best_value == min(stopper.report.values) < stopper.report.values[0]


def test_the_configuration_holds_arrays_and_nothing_else():
    stopper = EarlyStopping(every_steps=2, validation_data=(X, Y))
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(stopper))
    np.testing.assert_array_equal(copy.validation_data[1], Y)
    batches = EarlyStopping(every_steps=2, validation_data=Batches())
    with pytest.raises(ValueError, match="Expected arrays, where the configuration is asked for"):
        batches.get_config()


def test_ctrl_c_between_two_validations():
    import signal

    stopper = EarlyStopping(patience=99, every_steps=2)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    model = small_model()
    press = At(1, lambda: signal.raise_signal(signal.SIGINT), batch=2)
    try:
        with pytest.raises(KeyboardInterrupt):
            fit(model, press, stopper, epochs=9, batch_size=1)
    finally:
        signal.signal(signal.SIGINT, before)
    assert stopper.report.steps == (2, 4, 6)
    assert stopper.report.restored
