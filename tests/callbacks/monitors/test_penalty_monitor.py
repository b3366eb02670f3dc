import json

import keras
import numpy as np
import pytest
from keras import layers, ops

from kerasreg import regularizers
from kerasreg.callbacks import EarlyStopping, PenaltyMonitor
from kerasreg.layers import ConcreteDropout

RNG = np.random.default_rng(0)
X = RNG.normal(size=(22, 3)).astype("float32")
Y = RNG.normal(size=(22, 1)).astype("float32")
ON_TORCH = keras.backend.backend() == "torch"


class Extra(layers.Layer):
    """Adds a loss of its own, from its inputs."""

    def call(self, inputs):
        self.add_loss(0.5 * ops.mean(ops.square(inputs)))
        return inputs


def small(**compiled):
    """Returns a model of one layer with three penalties, which XLA compiles fast."""
    keras.utils.set_random_seed(0)
    penalties = {f"{place}_regularizer": "l2" for place in ("kernel", "bias", "activity")}
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1, name="head", **penalties)])
    model.compile("sgd", "mse", **compiled)
    return model


def regularized(**compiled):
    """Returns a nested, shared model with penalties of every kind."""
    keras.utils.set_random_seed(0)
    inner = [layers.Dense(3, "tanh", kernel_regularizer="l2", name="dense"), Extra()]
    inner = keras.Sequential([keras.Input((3,)), *inner], name="inner")
    inputs = keras.Input((3,))
    x = layers.Dropout(0.2)(inner(inner(inputs)))
    x = ConcreteDropout(layers.Dense(2, activity_regularizer="l2"), name="concrete")(x)
    penalty = regularizers.L1(0.1)
    x = layers.Dense(1, kernel_regularizer=penalty, bias_regularizer="l1", name="head")(x)
    model = keras.Model(inputs, x)
    model.compile("adam", "mse", metrics=["mae"], **compiled)
    return model


def fitted(model, *callbacks, **arguments):
    arguments = {"batch_size": 8, "epochs": 2, "validation_data": (X[:5], Y[:5])} | arguments
    keras.utils.set_random_seed(1)  # for the order of the examples
    return model.fit(X, Y, verbose=0, callbacks=callbacks, **arguments).history


@pytest.mark.parametrize(
    ("make", "compiled"),
    [
        (regularized, {}),
        (small, {"run_eagerly": True}),
        (small, {"jit_compile": True}),
        (small, {"steps_per_execution": 2}),
        (small, {"jit_compile": True, "steps_per_execution": 2}),
    ],
)
def test_the_parts_add_up_to_the_loss_and_training_is_the_same(make, compiled):
    if ON_TORCH and compiled:
        pytest.skip("PyTorch has no steps_per_execution; its compiler takes a minute")
    plain, measured = make(**compiled), make(**compiled)
    history = fitted(measured, PenaltyMonitor(terms=True))
    for name, values in fitted(plain).items():
        np.testing.assert_array_equal(values, history[name], err_msg=name)
    for one, other in zip(plain.get_weights(), measured.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    terms = {"head/kernel", "head/bias", "activities"}
    if make is regularized:
        terms |= {"inner/dense/kernel", "concrete/rate_logit"}
    for prefix in ("", "val_"):
        data, penalty = history[f"{prefix}data_loss"], history[f"{prefix}penalty"]
        np.testing.assert_allclose(np.add(data, penalty), history[f"{prefix}loss"], rtol=1e-6)
        start = f"{prefix}penalty/"
        assert {name.removeprefix(start) for name in history if name.startswith(start)} == terms
        parts = [history[f"{prefix}penalty/{term}"] for term in terms]
        np.testing.assert_allclose(np.sum(parts, 0), penalty, rtol=1e-6)
    weights = measured.get_layer("head").trainable_weights
    values = [float(weight.regularizer(weight)) for weight in weights]
    last = [history[f"val_penalty/head/{name}"][-1] for name in ("kernel", "bias")]
    np.testing.assert_allclose(last, values, rtol=1e-6)


def linear(regularizer, weight=1.0):
    start = keras.initializers.Constant(weight)
    arguments = {"kernel_initializer": start, "kernel_regularizer": regularizer}
    dense = layers.Dense(1, use_bias=False, name="dense", **arguments)
    model = keras.Sequential([keras.Input((1,)), dense])
    model.compile(keras.optimizers.SGD(0.05), "mse")
    return model


def test_each_batch_counts_with_its_own_weights_and_its_number_of_examples():
    x, y = X[:7, :1], Y[:7]
    model = linear(keras.regularizers.L2(0.5), 2.0)
    arguments = {"batch_size": 3, "epochs": 2, "shuffle": False, "verbose": 0}
    history = model.fit(x, y, callbacks=[PenaltyMonitor()], **arguments).history
    w, expected = 2.0, {"data_loss": [], "penalty": []}
    for _ in range(2):
        sums = {"data_loss": 0.0, "penalty": 0.0}
        for rows in (slice(0, 3), slice(3, 6), slice(6, 7)):
            inputs, targets = x[rows].astype("float64"), y[rows].astype("float64")
            error = inputs * w - targets
            sums["data_loss"] += np.sum(error**2)
            sums["penalty"] += 0.5 * w**2 * len(inputs)
            w -= 0.05 * (2 * np.mean(error * inputs) + 2 * 0.5 * w)
        for name, value in sums.items():
            expected[name].append(value / 7)
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-5)


def test_a_small_data_loss_beside_a_large_penalty_keeps_its_digits():
    model = linear(keras.regularizers.L2(1e6), 1.0)
    model.optimizer.learning_rate = 0.0
    x = np.ones((4, 1), "float32")
    history = model.fit(x, x + 1e-4, verbose=0, callbacks=[PenaltyMonitor()]).history
    # The sum, about 1e6, is rounded to steps of 1/16.
    np.testing.assert_allclose(history["data_loss"], [1e-8], rtol=1e-2)


@pytest.mark.parametrize("place", [0, 1], ids=["before", "behind"])
@pytest.mark.parametrize("stopping", [EarlyStopping, keras.callbacks.EarlyStopping])
def test_early_stopping_on_the_data_loss(stopping, place):
    # The training has no data loss: the weight shrinks from 1, the best for the validation.
    zeros, ones = np.zeros((4, 1), "float32"), np.ones((4, 1), "float32")
    found = {}
    for monitor in ("val_loss", "val_data_loss"):
        model = linear(keras.regularizers.L2(2.0))
        auto = {} if stopping is EarlyStopping else {"mode": "min", "restore_best_weights": True}
        callbacks = [stopping(monitor, patience=2, **auto)]
        callbacks.insert(place, PenaltyMonitor())
        history = model.fit(
            zeros, zeros, validation_data=(ones, ones), epochs=5, verbose=0, callbacks=callbacks
        ).history
        found[monitor] = len(history["loss"]), float(model.get_weights()[0].item())
    # w = 0.8 after an epoch: val_loss = (1 - w)**2 + 2 * w**2 is least at 1/3, epoch 5.
    assert found["val_loss"] == (5, pytest.approx(0.8**5, rel=1e-5))
    assert found["val_data_loss"] == (3, pytest.approx(0.8, rel=1e-5))


class Seen(keras.callbacks.Callback):
    """Notes the names that it is shown."""

    def __init__(self):
        super().__init__()
        self.batches, self.epochs = set(), set()

    def on_train_batch_end(self, batch, logs=None):
        self.batches |= set(logs)

    def on_epoch_end(self, epoch, logs=None):
        self.epochs |= set(logs)


def test_who_sees_what():
    before, behind = Seen(), Seen()
    data, callbacks = (X[:, :1], Y), [before, PenaltyMonitor(terms=True), behind]
    model = linear("l2")
    model.fit(*data, validation_data=data, verbose=0, callbacks=callbacks)
    always = {"loss", "data_loss", "penalty"}
    assert before.batches == behind.batches == always
    assert before.epochs == always | {f"val_{name}" for name in always}
    everything = always | {"penalty/dense/kernel", "penalty/activities"}
    assert behind.epochs == everything | {f"val_{name}" for name in everything}


def test_evaluate_alone_and_what_is_left_afterwards():
    model = regularized()
    plain = model.evaluate(X, Y, verbose=0, return_dict=True)
    found = model.evaluate(X, Y, verbose=0, return_dict=True, callbacks=[PenaltyMonitor()])
    assert found["loss"] == pytest.approx(found["data_loss"] + found["penalty"], rel=1e-6)
    assert {name: found[name] for name in plain} == plain
    assert len(model.evaluate(X, Y, verbose=0)) == 2
    assert not {"data_loss", "penalty"} & set(fitted(model))


def test_a_second_fit_starts_afresh_and_traces_nothing_again():
    traces = []

    class Traced(layers.Layer):
        def call(self, inputs):
            traces.append(0)
            return inputs

    model = keras.Sequential([keras.Input((3,)), Traced(), layers.Dense(1, name="d")])
    model.get_layer("d").kernel.regularizer = keras.regularizers.L2(0.5)
    model.compile(keras.optimizers.SGD(0.0), "mse")
    monitor = PenaltyMonitor(terms=True)
    first = fitted(model, monitor)
    before = len(traces)
    second = fitted(model, monitor)
    np.testing.assert_allclose(second["penalty"], first["penalty"], rtol=1e-6)
    if not ON_TORCH:
        assert len(traces) == before
    model.compile("sgd", "mae")
    assert fitted(model, monitor)["data_loss"] != second["data_loss"]


def test_a_model_that_builds_itself_in_fit():
    model = keras.Sequential([layers.Dense(1, kernel_regularizer="l2", name="dense")])
    model.compile("sgd", "mse")
    history = fitted(model, PenaltyMonitor(terms=True))
    assert history["penalty/dense/kernel"] == pytest.approx(history["penalty"], rel=1e-6)
    assert min(history["penalty"]) > 0


def test_frozen_weights_and_models_without_penalties():
    model = regularized()
    model.trainable = False
    model.get_layer("head").trainable = True
    model.compile("sgd", "mse")
    history = fitted(model, PenaltyMonitor(terms=True))
    np.testing.assert_allclose(
        np.add(history["data_loss"], history["penalty"]), history["loss"], rtol=1e-6
    )
    model = linear(None)
    data = X[:, :1], Y
    history = model.fit(*data, verbose=0, callbacks=[PenaltyMonitor(terms=True)]).history
    assert history["penalty"] == history["penalty/activities"] == [0.0]
    assert history["data_loss"] == history["loss"]


def test_several_outputs_with_weighted_losses():
    inputs = keras.Input((3,))
    a = layers.Dense(1, name="a", kernel_regularizer="l2")(inputs)
    b = layers.Dense(1, name="b")(inputs)
    model = keras.Model(inputs, {"a": a, "b": b})
    losses, factors = {"a": "mse", "b": "mse"}, {"a": 0.25, "b": 2.0}
    model.compile(keras.optimizers.SGD(0.1), losses, loss_weights=factors)
    targets = {"a": Y, "b": Y}
    # Batches of one size: Keras' means of the outputs' losses ignore the number of examples.
    history = model.fit(X, targets, batch_size=11, verbose=0, callbacks=[PenaltyMonitor()]).history
    expected = np.multiply(0.25, history["a_loss"]) + np.multiply(2.0, history["b_loss"])
    np.testing.assert_allclose(history["data_loss"], expected, rtol=1e-6)


class OwnLoss(keras.Sequential):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return super().compute_loss(x, y, y_pred, sample_weight, training) + 3.0


class OwnLogs(keras.Sequential):
    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return {"mine": ops.mean(y_pred), "loss": self.metrics[0].result()}


@pytest.mark.parametrize(("kind", "added"), [(OwnLoss, 3.0), (OwnLogs, 0.0)])
def test_a_model_with_its_own_loss_or_logs(kind, added):
    model = kind([keras.Input((3,)), layers.Dense(1, kernel_regularizer="l2", name="dense")])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    history = fitted(model, PenaltyMonitor())
    kernel, bias = model.get_weights()
    for prefix, rows in {"": slice(None), "val_": slice(5)}.items():
        data = np.mean((X[rows] @ kernel + bias - Y[rows]) ** 2) + added
        np.testing.assert_allclose(history[f"{prefix}data_loss"], [data] * 2, rtol=1e-5)
        penalty = 0.01 * np.sum(kernel**2)
        np.testing.assert_allclose(history[f"{prefix}penalty"], [penalty] * 2, rtol=1e-5)
    assert ("val_mine" in history) is (kind is OwnLogs)


class OwnMetrics(keras.Sequential):
    @property
    def metrics(self):
        return [self._loss_tracker]


class OwnStep(keras.Sequential):
    def train_step(self, *args):
        metrics = {"loss": ops.zeros(())}
        return (metrics, args[0]) if keras.backend.backend() == "jax" else metrics


@pytest.mark.parametrize(
    ("kind", "message"),
    [(OwnMetrics, "leave out those that Keras keeps"), (OwnStep, "does not call `compute_loss`")],
)
def test_models_that_cannot_be_measured(kind, message):
    model = kind([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(RuntimeError, match=rf"{message}.* \(PenaltyMonitor\)"):
        model.fit(X, Y, verbose=0, callbacks=[PenaltyMonitor()])
    assert "compute_loss" not in vars(model)


def test_names_that_are_taken():
    model = linear("l2")
    model.compile("sgd", "mse", metrics=[keras.metrics.MeanSquaredError(name="penalty")])
    with pytest.raises(ValueError, match=r"output's loss called 'penalty'\. .* \(PenaltyMonitor\)"):
        model.fit(X[:, :1], Y, verbose=0, callbacks=[PenaltyMonitor()])
    inputs = keras.Input((3,))
    outputs = {name: layers.Dense(1, name=name)(inputs) for name in ("data", "other")}
    model = keras.Model(inputs, outputs)
    model.compile("sgd", dict.fromkeys(outputs, "mse"))
    with pytest.raises(ValueError, match=r"output's loss called 'data_loss'\."):
        model.fit(X, {"data": Y, "other": Y}, verbose=0, callbacks=[PenaltyMonitor()])
    assert "compute_loss" not in vars(model)


def test_two_monitors_in_one_fit():
    with pytest.raises(RuntimeError, match="Another PenaltyMonitor"):
        fitted(regularized(), PenaltyMonitor(), PenaltyMonitor())


def test_config_is_json_and_comes_back():
    saved = json.dumps(keras.saving.serialize_keras_object(PenaltyMonitor(terms=True)))
    assert keras.saving.deserialize_keras_object(json.loads(saved)).terms is True


@pytest.mark.parametrize("terms", [None, 1, "all"])
def test_bad_arguments(terms):
    with pytest.raises(TypeError, match=r"argument `terms`.* \(PenaltyMonitor\)\.$"):
        PenaltyMonitor(terms=terms)
