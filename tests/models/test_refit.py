import keras
import numpy as np
import pytest
from keras import layers

from kerasreg.callbacks import EarlyStopping, Patience
from kerasreg.models import refit

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 40)).astype("float32")
Y = (X[:, :1] + RNG.normal(size=(40, 1))).astype(
    "float32"
)  # as many weights as examples: it overfits


class Builder:
    """Builds models and keeps them, with the number of examples in each call of `fit`."""

    def __init__(self, initializer="glorot_uniform"):
        self.initializer = initializer
        self.models = []

    def __call__(self):
        keras.utils.set_random_seed(len(self.models))
        model = keras.Sequential(
            [
                keras.Input((40,)),
                layers.Dense(1, kernel_regularizer="l2", kernel_initializer=self.initializer),
            ]
        )
        model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "mse")
        self.models.append(model)
        return model


def updates(model):
    return int(keras.ops.convert_to_numpy(model.optimizer.iterations))


def test_restart_trains_a_new_model_on_all_data_for_the_steps_found():
    build = Builder()
    stopper = EarlyStopping(patience=4)
    found = refit(build, (X, Y), stopper, validation_fraction=0.25, batch_size=8)
    stopped, model = build.models
    assert found.model is model
    epochs = found.reports[0].best_epoch + 1
    assert epochs < len(found.reports[0].values)  # it did overfit
    assert found.found_steps == found.steps == epochs * 4  # 30 examples in batches of 8
    assert updates(model) == found.steps
    assert updates(stopped) == len(found.reports[0].values) * 4
    # 5 batches of all 40 examples make an epoch.
    assert len(found.history["loss"]) == -(-found.steps // 5)
    assert "val_loss" not in found.history
    assert str(found).startswith(f"Best validation after {found.steps} steps; trained on all data")


@pytest.mark.skipif(keras.config.backend() == "torch", reason="has no steps_per_execution")
def test_several_steps_in_one_execution_are_counted_as_they_are():
    models = []

    def build():
        model = keras.Sequential([keras.Input((40,)), layers.Dense(1)])
        model.compile("sgd", "mse", steps_per_execution=3)
        models.append(model)
        return model

    # 30 examples in batches of 8 make 4 steps, all 40 make 5: of each, the last execution is short.
    stopper = EarlyStopping(patience=9)
    found = refit(build, (X, Y), stopper, validation_fraction=0.25, batch_size=8, epochs=3)
    assert found.found_steps == 4 * (found.reports[0].best_epoch + 1)
    assert found.steps == updates(models[1]) >= found.found_steps


def test_at_step_level_the_steps_are_those_of_the_best_validation():
    build = Builder()
    found = refit(build, (X, Y), EarlyStopping(patience=6, every_steps=3), batch_size=8)
    assert found.found_steps == found.reports[0].best_step
    assert found.found_steps % 3 == 0
    assert updates(build.models[1]) == found.steps == found.found_steps


def test_continue_goes_on_until_the_former_validation_loss_is_the_training_loss_at_the_stop():
    build = Builder()
    train, held_out = (X[:30], Y[:30]), (X[30:], Y[30:])
    stopper = EarlyStopping(patience=4)
    found = refit(build, train, stopper, "continue", validation_data=held_out, batch_size=8)
    (model,) = build.models
    assert found.model is model
    assert found.reached
    # At the stop: the best weights, the loss on the examples that were trained on.
    again = Builder()()
    again.fit(*train, batch_size=8, epochs=1000, verbose=0, validation_data=held_out,
              callbacks=[EarlyStopping(patience=4)])  # fmt: skip
    assert found.target == pytest.approx(again.evaluate(*train, verbose=0), rel=1e-5)
    assert model.evaluate(*held_out, verbose=0) <= found.target
    assert found.steps == 5 * len(found.history["loss"])
    assert updates(model) == updates(again) + found.steps
    assert "until the former validation loss fell to" in str(found)


def test_continue_may_not_get_there():
    build = Builder("zeros")
    stopper = EarlyStopping(criterion=Patience(1))
    x = np.concatenate([X, X])
    y = np.concatenate([Y, -Y])  # nothing fits both
    found = refit(build, (x[:40], y[:40]), stopper, "continue", epochs=7, batch_size=40,
                  validation_data=(x[40:], y[40:]))  # fmt: skip
    assert not found.reached
    assert found.steps == 7 * 2
    assert "was to fall to" in str(found)


def test_folds_take_the_best_of_the_mean_curve():
    build = Builder()
    seen = []

    class Seen(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append(self.params["steps"])

    found = refit(
        build, (X, Y), EarlyStopping(patience=4), folds=3, batch_size=8, callbacks=[Seen()]
    )
    assert len(found.reports) == 3
    assert len(build.models) == 4
    length = min(len(report.values) for report in found.reports)
    mean = sum(np.array(report.values[:length]) for report in found.reports) / 3
    np.testing.assert_allclose(found.mean_curve, mean)
    assert found.steps == (int(np.argmin(mean)) + 1) * 4  # 26 or 27 examples in batches of 8
    assert seen == [4, 4, 4, 5]
    assert "in the mean of 3 folds" in str(found)


def test_each_fold_is_held_out_once():
    x = np.arange(10.0)[:, None]
    seen = []

    class Model(keras.Sequential):
        def evaluate(self, x=None, y=None, **arguments):
            seen.append(np.ravel(x))
            return super().evaluate(x, y, **arguments)

    def build():
        model = Model([keras.Input((1,)), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    refit(build, (x, x), EarlyStopping(patience=1), folds=5, epochs=1)
    assert sorted(np.concatenate(seen)) == list(range(10))


def test_nested_inputs_weights_and_the_same_split_for_a_seed():
    def build():
        a, b = keras.Input((40,), name="a"), keras.Input((1,), name="b")
        keras.utils.set_random_seed(3)
        model = keras.Model({"a": a, "b": b}, layers.Dense(1)(layers.Concatenate()([a, b])))
        model.compile("sgd", "mse")
        return model

    data = ({"a": X, "b": Y}, Y, np.ones(40))
    stopper = EarlyStopping(patience=2)
    first, second, other = (
        refit(build, data, stopper, epochs=2, seed=seed).reports[0].values for seed in (1, 1, 2)
    )
    assert first == second
    assert first != other


def uncompiled():
    return keras.Sequential([keras.Input((40,)), layers.Dense(1)])


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"build": uncompiled()}, TypeError, "a function without arguments"),
        ({"build": uncompiled}, ValueError, "returns a compiled model"),
        ({"build": dict}, TypeError, "a function that returns a model"),
        ({"stopper": keras.callbacks.EarlyStopping()}, TypeError, "kerasreg.callbacks.Early"),
        ({"stopper": EarlyStopping(snapshot_dir="x")}, ValueError, "without `snapshot_dir`"),
        ({"stopper": EarlyStopping(resume=True)}, ValueError, "without `resume`"),
        (
            {"stopper": EarlyStopping(every_steps=2, validation_data=(X, Y))},
            ValueError,
            "without `validation_data`",
        ),
        ({"stopper": EarlyStopping("loss")}, ValueError, "that monitors the validation"),
        ({"callbacks": keras.callbacks.History()}, TypeError, "a list of Keras callbacks"),
        ({"callbacks": [keras.callbacks.History]}, TypeError, "a list of Keras callbacks"),
        ({"strategy": "go on"}, ValueError, "one of 'restart', 'continue'"),
        ({"data": X}, TypeError, "a tuple of arrays"),
        ({"data": (X,)}, ValueError, "a tuple of arrays"),
        ({"data": (X, Y[:5])}, ValueError, "as many examples in each"),
        ({"validation_fraction": 1.5}, ValueError, "between 0 and 1"),
        ({"validation_fraction": 0.001}, ValueError, "on either side"),
        ({"validation_data": (X, Y, Y)}, ValueError, "2 items"),
        ({"folds": 1}, ValueError, "at least 2"),
        ({"folds": 41}, ValueError, "at most as many as there are data, 40"),
        ({"folds": 2, "strategy": "continue"}, ValueError, "which use one split"),
        ({"epochs": 0}, ValueError, "at least 1"),
        ({"batch_size": 0}, ValueError, "at least 1"),
        ({"seed": 0.5}, TypeError, "an integer"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_bad_input(changes, error, message):
    arguments = {"build": Builder(), "data": (X, Y), "stopper": EarlyStopping(), "epochs": 1}
    with pytest.raises(error, match=message):
        refit(**{**arguments, **changes})


def test_a_model_that_is_not_new():
    model = Builder()()
    with pytest.raises(ValueError, match="a new model at each call"):
        refit(lambda: model, (X, Y), EarlyStopping(), epochs=1)


def test_a_training_without_a_finite_value():
    with pytest.raises(ValueError, match="a finite value of val_loss"):
        refit(Builder(), (X, np.full_like(Y, np.nan)), EarlyStopping(), epochs=1)
