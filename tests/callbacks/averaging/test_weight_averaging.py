"""What is averaged when, who sees the averages, and that training does not notice."""

import keras
import numpy as np
import pytest

from kerasreg._backend.averaged_variables import averaged_variables
from kerasreg.callbacks import EarlyStopping, WeightAveraging
from kerasreg.models import reestimate_batch_norm
from tests.callbacks.averaging.training import (
    STEPS,
    Look,
    X,
    Y,
    a_model,
    assert_close,
    assert_equal,
    fit,
    forget_compiled_programs,
    mean,
    moving_average,
    state,
)

BACKEND = keras.backend.backend()


@pytest.mark.parametrize(
    ("arguments", "decay", "warmup"),
    [
        ({}, 0.999, True),
        ({"decay": 0.3}, 0.3, True),
        ({"decay": 0.8, "warmup": False}, 0.8, False),
    ],
    ids=["default", "decay", "plain"],
)
def test_the_moving_average_of_all_weights_and_statistics(arguments, decay, warmup):
    model, look = a_model(), Look()
    fit(model, look, WeightAveraging("ema", **arguments))
    assert len(look.steps) == 2 * STEPS
    assert_close(model.get_weights(), moving_average(look.steps, decay, warmup))


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        ({"kind": "ema", "every_steps": 2}, [1, 3, 5]),
        ({"kind": "ema", "start_epoch": 1}, [3, 4, 5]),
        ({"kind": "ema", "start_epoch": 1, "every_steps": 2}, [4]),
        ({"kind": "swa", "start_epoch": 0}, [2, 5]),
        ({"kind": "swa", "start_epoch": 0, "every_steps": 2}, [1, 3, 5]),
        ({"kind": "swa"}, [5]),  # from three quarters on: epoch 1 of 2
    ],
    ids=str,
)
def test_which_steps_are_averaged(arguments, chosen):
    model, look = a_model(norm=False), Look()
    averaging = WeightAveraging(**arguments)
    fit(model, look, averaging)
    weights = [look.steps[i] for i in chosen]
    wanted = moving_average(weights) if averaging.kind == "ema" else mean(weights)
    assert_close(model.get_weights(), wanted)
    assert averaging.updates == len(chosen)


def test_without_an_update_the_weights_stay():
    plain, model = a_model(), a_model()
    fit(plain)
    averaging = WeightAveraging(start_epoch=5)
    with pytest.warns(UserWarning, match="averaged nothing: `start_epoch` is 5"):
        fit(model, averaging)
    assert averaging.updates == 0
    assert_equal(model.get_weights(), plain.get_weights())


class Never(keras.callbacks.Callback):
    """Looks at the whole state when the training may go on, and otherwise does nothing."""

    def on_train_begin(self, logs=None):
        self.states = []

    def on_train_batch_begin(self, batch, logs=None):
        self.states.append(state(self.model))


@pytest.mark.parametrize(
    ("kind", "compiling"),
    [("ema", {"jit_compile": True}), ("swa", {}), ("swa", {"run_eagerly": True})],
    ids=["ema in XLA", "swa in a graph", "swa eagerly"],
)
def test_the_training_is_the_same_bit_for_bit(kind, compiling):
    data = None if kind == "ema" else X
    averaging = WeightAveraging(kind, start_epoch=0, every_steps=1, batch_norm_data=data)
    runs = []
    for callbacks in ([], [averaging]):
        forget_compiled_programs()
        model, never = a_model(**compiling), Never()
        history = fit(model, *callbacks, never)
        runs.append((history, never.states))
    assert runs[0][0] == runs[1][0]
    for before, after in zip(runs[0][1], runs[1][1], strict=True):
        assert_equal(after, before)
    assert averaging.updates == 2 * STEPS


def test_validation_and_the_callbacks_behind_see_the_averages():
    model, before, behind = a_model(norm=False), Look(), Look()
    averaging = WeightAveraging("ema", decay=0.5)
    history = model.fit(
        X,
        Y,
        batch_size=4,
        epochs=2,
        shuffle=False,
        verbose=0,
        validation_data=(X, Y),
        callbacks=[before, averaging, behind],
    ).history
    wanted = [moving_average(before.steps[: STEPS * n], 0.5) for n in (1, 2)]
    for n in range(2):
        assert_close(behind.validations[n], wanted[n])
        assert_close(behind.epoch_ends[n], wanted[n])
        assert_equal(before.epoch_ends[n], before.steps[STEPS * (n + 1) - 1])
    assert model.evaluate(X, Y, verbose=0)[0] == pytest.approx(history["val_loss"][-1])


class PredictAfter(keras.callbacks.Callback):
    """Predicts in the middle of the first epoch, with the averages and without."""

    def __init__(self, averaging):
        super().__init__()
        self.averaging = averaging

    def on_train_begin(self, logs=None):
        self.outputs = []

    def on_train_batch_end(self, batch, logs=None):
        if not self.outputs:
            weights = self.model.get_weights()
            for callbacks in ([self.averaging], []):
                self.outputs.append(self.model.predict(X, verbose=0, callbacks=callbacks))
                assert_equal(self.model.get_weights(), weights)
            self.averages = [v.numpy() for v in averaged_variables(self.model).values()]


def test_predict_and_evaluate_within_a_training_use_the_averages_and_put_back():
    model = a_model(norm=False)
    averaging = WeightAveraging("ema", start_epoch=0, decay=0.5)
    after = PredictAfter(averaging)

    class Second(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 2:
                after.outputs.clear()

    fit(model, averaging, Second(), after, epochs=1)
    averaged, own = after.outputs
    assert np.any(averaged != own)
    other = a_model(norm=False)
    other.set_weights(after.averages)
    np.testing.assert_array_equal(other.predict(X, verbose=0), averaged)


def test_after_the_training_it_leaves_the_model_alone():
    model = a_model()
    averaging = WeightAveraging()
    fit(model, averaging)
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    outputs = model.predict(X, verbose=0, callbacks=[averaging])
    np.testing.assert_array_equal(outputs, 0)
    assert not averaging.restore()
    assert averaged_variables(model) == {}


def test_swa_sets_the_statistics_of_batch_normalization():
    model, look, behind = a_model(), Look(), Look()
    fit(model, look, WeightAveraging("swa", start_epoch=0, batch_norm_data=X), behind)
    wanted = a_model()
    for n in (1, 2):
        wanted.set_weights(mean([look.steps[STEPS * i - 1] for i in range(1, n + 1)]))
        reestimate_batch_norm(wanted, X, batch_size=12)
        assert_close(behind.validations[n - 1], wanted.get_weights(), rtol=1e-5)
    assert_close(model.get_weights(), wanted.get_weights(), rtol=1e-5)


def test_batches_for_the_statistics():
    model, whole = a_model(), a_model()
    batches = [(X[:6],), (X[6:],), (X[:1],)]
    arguments = {"batch_norm_data": batches, "batch_norm_steps": 2}
    fit(model, WeightAveraging("ema", **arguments))
    fit(whole, WeightAveraging("ema", batch_norm_data=batches[:2]))
    assert_equal(model.get_weights(), whole.get_weights())


class Rates(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.rates = []

    def on_train_batch_end(self, batch, logs=None):
        self.rates.append(float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)))


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({"learning_rate": 0.125, "start_epoch": 1}, [0.5] * 3 + [0.125] * 6),
        # alpha(i) = (1 - t) alpha_1 + t alpha_2, t = (mod(i - 1, c) + 1) / c, from 1 to 0.25
        (
            {"learning_rate": (0.25, 1.0), "start_epoch": 1},
            [0.5] * 3 + [0.75, 0.5, 0.25] * 2,
        ),
        (
            {"learning_rate": (0.25, 1.0), "start_epoch": 1, "every_steps": 2},
            [0.5] * 3 + [0.625, 0.25] * 3,
        ),
    ],
    ids=["constant", "cycle of an epoch", "cycle"],
)
def test_the_learning_rate(arguments, wanted):
    model, rates = a_model(norm=False, optimizer=keras.optimizers.SGD(0.5)), Rates()
    fit(model, WeightAveraging("swa", **arguments), rates, epochs=3)
    np.testing.assert_allclose(rates.rates, wanted, rtol=1e-6)
    assert float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)) == 0.5


def test_the_learning_rate_is_that_of_the_steps():
    """A weight whose gradient is 1 moves by the rate."""
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile(keras.optimizers.SGD(0.5), lambda y, p: keras.ops.mean(p))
    averaging, look = WeightAveraging("swa", start_epoch=1, learning_rate=(0.25, 1.0)), Look()
    ones = np.ones((6, 1))
    model.fit(ones, ones, batch_size=2, epochs=2, verbose=0, callbacks=[averaging, look])
    path = [0, *(w[0].item() for w in look.steps)]
    np.testing.assert_allclose(np.diff(path), [-0.5] * 3 + [-0.75, -0.5, -0.25], rtol=1e-6)


@pytest.mark.skipif(BACKEND == "torch", reason="Keras has no steps_per_execution on torch")
def test_several_steps_in_an_execution():
    model, look = a_model(norm=False, steps_per_execution=2), Look()
    averaging = WeightAveraging("swa", start_epoch=0)
    fit(model, averaging, look, batch_size=2)
    assert len(look.steps) == 6
    assert_close(model.get_weights(), mean([look.steps[2], look.steps[5]]))
    model = a_model(norm=False, steps_per_execution=2)
    fit(model, averaging := WeightAveraging(every_steps=4), batch_size=2)
    assert averaging.updates == 3  # of 12 steps


def test_half_precision_is_averaged_in_single():
    keras.utils.set_random_seed(1)
    dense = keras.layers.Dense(1, use_bias=False, dtype="bfloat16", kernel_initializer="ones")
    model = keras.Sequential([keras.Input((1,), dtype="bfloat16"), dense])
    model.compile(keras.optimizers.SGD(0.0), "mse", jit_compile=False)

    class Set(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            _ = self.model  # puts JAX' state in place
            dense.kernel.assign([[1.0 + 2.0**-7 * batch]])

    class Read(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            (average,) = averaged_variables(self.model).values()
            self.average = average.numpy().item()

    setter, averaging, read = Set(), WeightAveraging("swa", start_epoch=0, every_steps=1), Read()
    ones = np.ones((4, 1))
    model.fit(ones, ones, batch_size=1, verbose=0, callbacks=[setter, averaging, read])
    assert read.average == pytest.approx(1 + 2.0**-7 * 1.5, rel=1e-6)
    assert dense.kernel.dtype == "bfloat16"


def test_a_second_fit_begins_a_new_average():
    model, look, averaging = a_model(), Look(), WeightAveraging(decay=0.5)
    fit(model, look, averaging)
    fit(model, look, averaging)
    assert averaging.updates == 2 * STEPS
    assert_close(model.get_weights(), moving_average(look.steps, 0.5))


@pytest.mark.parametrize("averaging_first", [True, False])
@pytest.mark.parametrize("kind", ["ema", "swa"])
def test_early_stopping_restores_averages(kind, averaging_first):
    data = None if kind == "ema" else X
    averaging = WeightAveraging(kind, start_epoch=0, batch_norm_data=data)
    look, stopper = Look(), EarlyStopping("fake", mode="min", patience=9)
    ordered = [averaging, stopper] if averaging_first else [stopper, averaging]

    class Fake(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["fake"] = [3, 1, 2][epoch]

    model = a_model()
    fit(model, Fake(), *ordered, look, epochs=3)
    assert stopper.best_epoch == 1
    assert_equal(model.get_weights(), look.validations[1])
    assert np.any(look.validations[1][0] != look.validations[2][0])


def test_early_stopping_sees_the_validation_of_the_averages_inside_of_an_epoch():
    model, look = a_model(norm=False), Look()
    stopper = EarlyStopping("val_loss", patience=99, every_steps=2)
    fit(model, look, WeightAveraging(decay=0.5), stopper)
    other, values = a_model(norm=False), []
    for steps in (2, 4, 6):
        other.set_weights(moving_average(look.steps[:steps], 0.5))
        values.append(other.evaluate(X, Y, verbose=0)[0])
    assert set(np.round(values, 4)) <= set(np.round(stopper.report.values, 4))


@pytest.mark.parametrize("with_stopper", [False, True])
def test_with_an_optimizer_that_averages_this_callback_has_the_last_word(with_stopper):
    optimizer = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9)
    model, look = a_model(optimizer=optimizer), Look()
    stopper = [EarlyStopping("loss", patience=9)] if with_stopper else []
    behind = Look()
    fit(model, look, *stopper, WeightAveraging(decay=0.5), behind)
    assert_equal(model.get_weights(), behind.epoch_ends[stopper[0].best_epoch if stopper else -1])
    assert_close(behind.epoch_ends[-1], moving_average(look.steps, 0.5))


def test_after_an_exception_one_call_gives_the_averages():
    class Fail(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                raise ValueError("no more")

    model, look, averaging = a_model(), Look(), WeightAveraging(decay=0.5)
    with pytest.raises(ValueError, match="no more"):
        fit(model, look, averaging, Fail())
    assert averaging.restore()
    assert_close(model.get_weights(), moving_average(look.steps, 0.5))


def test_data_of_unknown_length():
    def batches():
        for _ in range(2):
            for i in range(0, 12, 4):
                yield X[i : i + 4], Y[i : i + 4]

    model, look = a_model(norm=False), Look()
    averaging = WeightAveraging("swa", start_epoch=0)
    model.fit(batches(), verbose=0, validation_data=(X, Y), callbacks=[averaging, look])
    assert averaging.updates == 1
    assert_equal(model.get_weights(), look.steps[-1])


def test_an_unbuilt_model():
    dense = keras.layers.Dense(1)
    model, look = keras.Sequential([dense]), Look()
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=4, verbose=0, callbacks=[WeightAveraging(decay=0.5), look])
    assert_close(model.get_weights(), moving_average(look.steps, 0.5))
