import json
import re

import keras
import numpy as np
import pytest
from keras import layers, ops

from kerasreg.callbacks import SaturationMonitor

SAMPLE = np.array([[-3.0, -1.0], [0.0, 2.0], [1.0, 5.0], [4.0, 7.0]], "float32")
LOGGED = ("saturated", "dead", "mean_drift", "variance_drift")


def chain(*parts, shape=(2,)):
    return keras.Sequential([keras.Input(shape), *parts])


def monitored(model, sample=SAMPLE, **arguments):
    """Returns the monitor and the logs of one epoch without training."""
    monitor = SaturationMonitor(sample, **arguments)
    monitor.set_model(model)
    monitor.on_train_begin()
    monitor.on_epoch_begin(0)
    logs = {}
    monitor.on_epoch_end(0, logs)
    return monitor, logs


# For each function: what it makes of inputs, and the share of values at a flat end, of dead units.
# The units get [-3, 0, 1, 4], [-1, 2, 5, 7], and three that are the same for every example.
KERNEL = np.array([[1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0]])
BIAS = np.array([0.0, 0.0, -9.0, 9.0, 0.1])
EXPECTED = {
    # <= 0: -3, 0 | -1 | all four | none | none.
    "relu": (7 / 20, 1 / 5),
    # The same and >= 6: none | 7 | none | all four | none.
    "relu6": (12 / 20, 2 / 5),
    # Beyond 2.944: -3, 4 | 5, 7 | all four | all four | none.
    "sigmoid": (12 / 20, 2 / 5),
    # Beyond 1.472: -3, 4 | 2, 5, 7 | all four | all four | none.
    "tanh": (13 / 20, 2 / 5),
    # Beyond 9 (|x| / (1 + |x|) >= 0.9).
    "softsign": (8 / 20, 2 / 5),
    # Beyond 3: -3, 4 | 5, 7 | all four | all four.
    "hard_sigmoid": (12 / 20, 2 / 5),
    # Below log(0.05) = -2.996: -3 | none | all four.
    "elu": (5 / 20, 1 / 5),
    "exponential": (5 / 20, 1 / 5),
}


@pytest.mark.parametrize("activation", EXPECTED)
def test_shares_of_outputs_and_units_at_the_flat_ends(activation):
    dense = layers.Dense(5, activation, name="dense")
    model = chain(dense)
    dense.set_weights([KERNEL, BIAS])
    monitor, logs = monitored(model)
    assert logs["saturated/dense"] == pytest.approx(EXPECTED[activation][0])
    assert logs["dead/dense"] == pytest.approx(EXPECTED[activation][1])
    assert monitor.curves["dead"]["dense"] == pytest.approx([EXPECTED[activation][1]] * 2)


@pytest.mark.parametrize(
    ("layer", "share"),
    [
        (lambda: layers.ReLU(), 3 / 8),
        (lambda: layers.ReLU(max_value=4.0), 6 / 8),
        (lambda: layers.ReLU(negative_slope=0.1, max_value=4.0), 3 / 8),
        (lambda: layers.ELU(alpha=0.5), 1 / 8),
        (lambda: layers.Activation("tanh"), 5 / 8),
        (lambda: layers.Activation(ops.relu), 3 / 8),
        (lambda: layers.LeakyReLU(), None),
        (lambda: layers.Activation("gelu"), None),
        (lambda: layers.Activation(lambda x: x * 2), None),
    ],
)
def test_activation_layers(layer, share):
    _, logs = monitored(chain(layer()))
    found = {name.split("/")[0]: value for name, value in logs.items()}
    assert ("saturated" in found) is ("dead" in found) is (share is not None)
    assert found["mean_drift"] == found["variance_drift"] == 0.0
    if share is not None:
        assert found["saturated"] == pytest.approx(share)


def test_the_tolerance_widens_the_ends_of_smooth_functions_alone():
    for activation, shares in {"tanh": (0.0, 7 / 8), "relu": (3 / 8, 3 / 8)}.items():
        for tolerance, share in zip((0.0, 0.2), shares, strict=True):
            model = chain(layers.Activation(activation, name="a"))
            _, logs = monitored(model, tolerance=tolerance)
            assert logs["saturated/a"] == pytest.approx(share), activation


def test_drift_from_one_epoch_to_the_next():
    dense = layers.Dense(2, "tanh", name="dense")
    model = chain(dense)
    kernels = [[[1.0, 0.5], [0.0, 1.0]], [[0.5, 0.5], [1.0, 1.0]], [[0.5, 0.5], [1.0, 1.0]]]

    class Set(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            dense.set_weights([np.array(kernels[epoch]), np.array([0.0, 0.1])])

    monitor = SaturationMonitor(SAMPLE)
    model.compile(keras.optimizers.SGD(0.0), "mse")
    history = model.fit(SAMPLE, SAMPLE, epochs=3, verbose=0, callbacks=[Set(), monitor]).history
    y = [np.tanh(SAMPLE @ np.array(k) + [0.0, 0.1]) for k in kernels]
    change = y[1].mean(0) - y[0].mean(0)
    mean_drift = np.sqrt(np.square(change).sum() / y[0].var(0).sum())
    variance_drift = np.abs(y[1].var(0) - y[0].var(0)).sum() / y[0].var(0).sum()
    np.testing.assert_allclose(history["mean_drift/dense"], [0, mean_drift, 0], rtol=1e-5)
    np.testing.assert_allclose(history["variance_drift/dense"], [0, variance_drift, 0], rtol=1e-5)
    curves = monitor.curves
    assert monitor.epochs == [0, 1, 2, 3]
    assert np.isnan(curves["mean_drift"]["dense"][0])
    np.testing.assert_allclose(curves["mean"]["dense"][1:], [each.mean() for each in y], rtol=1e-5)
    variances = [each.var(0).mean() for each in y]
    np.testing.assert_allclose(curves["variance"]["dense"][1:], variances, rtol=1e-5)


def test_drift_from_outputs_without_spread_is_infinite():
    dense = layers.Dense(1, "relu", name="dense", kernel_initializer="zeros")
    model = chain(dense)

    class Revive(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            dense.set_weights([np.array([[0.0], [1.0]]), np.zeros(1)])

    model.compile(keras.optimizers.SGD(0.0), "mse")
    callbacks = [SaturationMonitor(SAMPLE), Revive()]
    history = model.fit(SAMPLE, SAMPLE[:, :1], epochs=2, verbose=0, callbacks=callbacks).history
    assert history["variance_drift/dense"] == history["mean_drift/dense"] == [0.0, np.inf]
    assert history["dead/dense"] == [1.0, 0.0]


def nested():
    inner = chain(layers.Dense(3, "relu", name="dense"), shape=(2,))
    inner.name = "inner"
    relu = layers.ReLU(name="relu")
    inputs = keras.Input((2,))
    x = relu(layers.Dense(4, name="plain")(relu(inner(inputs))))
    x = layers.Reshape((2, 2))(x)
    x = layers.TimeDistributed(layers.Dense(3, "tanh", name="inside"), name="steps")(x)
    x = layers.SimpleRNN(2, name="simple")(x)
    x = layers.Reshape((2, 1))(x)
    x = layers.GRU(2, name="gru")(x)
    return keras.Model(inputs, layers.Dense(1, "sigmoid", name="head")(x))


def test_layers_at_any_depth_and_layers_that_are_called_twice():
    _, logs = monitored(nested())
    paths = {name.split("/", 1)[1] for name in logs}
    assert paths == {"inner/dense", "relu", "relu#2", "steps", "simple", "head"}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("inner/*", {"inner/dense"}),
        (["relu", re.compile("head")], {"relu", "relu#2", "head"}),
        (layers.SimpleRNN, {"simple"}),
        (lambda layer: layer.name == "steps", {"steps"}),
    ],
)
def test_where(where, expected):
    monitor, _ = monitored(nested(), where=where)
    assert set(monitor.curves["mean"]) == expected


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_the_units_of_convolutions_are_channels(data_format):
    if data_format == "channels_first" and keras.backend.backend() == "tensorflow":
        pytest.skip("TensorFlow has no convolution of channels first on a CPU")
    first = data_format == "channels_first"
    x = np.random.default_rng(0).random((3, 1, 5, 4) if first else (3, 5, 4, 1), "float32")
    conv = layers.Conv2D(4, 1, activation="relu", name="conv", data_format=data_format)
    model = chain(conv, shape=x.shape[1:])
    # One channel of four is dead; the first is at 0 for the values below 1/2.
    conv.set_weights([np.array([[[[1.0, -1.0, 1.0, 1.0]]]]), np.array([-0.5, -0.1, 0.1, 0.2])])
    _, logs = monitored(model, x)
    assert logs["dead/conv"] == 0.25
    assert logs["saturated/conv"] == pytest.approx((1 + (x <= 0.5).mean()) / 4)


def test_the_units_of_a_convolution_at_each_step_are_channels():
    x = np.random.default_rng(0).random((2, 3, 1, 4, 5), "float32")
    # A layer that only says where its channels are, as a convolution does, which not every device
    # has with channels first.
    relu = layers.Activation("relu")
    relu.data_format = "channels_first"
    model = chain(
        layers.Lambda(lambda x: ops.concatenate([x, -x], 2)),
        layers.TimeDistributed(relu, name="steps"),
        shape=x.shape[1:],
    )
    _, logs = monitored(model, x)
    assert logs["dead/steps"] == 0.5


def test_an_output_at_both_ends_counts_once():
    model = chain(layers.Dense(3, "tanh", kernel_initializer="zeros", name="dense"))
    _, logs = monitored(model, tolerance=0.5)
    assert logs["saturated/dense"] == logs["dead/dense"] == 1.0


class OneName(keras.Model):
    """Two layers with one path."""

    def __init__(self):
        super().__init__()
        self.first, self.second = layers.ReLU(name="relu"), layers.ReLU(name="relu")

    def call(self, inputs):
        return self.second(self.first(inputs) - 2.0)


def test_layers_with_one_path_are_told_apart():
    monitor, _ = monitored(OneName())
    saturated = {path: values[0] for path, values in monitor.curves["saturated"].items()}
    assert saturated == pytest.approx({"relu": 3 / 8, "relu#2": 5 / 8})


def test_layers_that_are_rematerialized():
    with keras.RematScope("full"):
        relu, dense = layers.ReLU(name="relu"), layers.Dense(2, "relu", name="dense")
    _, logs = monitored(chain(relu, dense))
    assert logs["saturated/relu"] == pytest.approx(3 / 8)
    assert "saturated/dense" in logs
    assert relu._remat_mode is not None


def test_the_sample_goes_through_as_at_inference_and_changes_nothing():
    norm = layers.BatchNormalization()
    dropout = layers.Dropout(0.9, seed=1)
    relu = layers.ReLU(name="relu")
    model = chain(norm, dropout, relu)
    monitor = SaturationMonitor(SAMPLE)
    monitor.set_model(model)
    before = [ops.convert_to_numpy(variable.value) for variable in model.variables]
    monitor.on_train_begin()
    monitor.on_epoch_begin(4)
    monitor.on_epoch_end(4, None)
    logs = {"loss": 1.0}
    monitor.on_epoch_end(5, logs)
    assert monitor.epochs == [4, 5, 6]
    assert set(logs) == {"loss", *(f"{measure}/relu" for measure in LOGGED)}
    assert logs["saturated/relu"] == pytest.approx(3 / 8)
    y = np.maximum(SAMPLE, 0) / np.sqrt(1.001)
    assert monitor.curves["mean"]["relu"] == pytest.approx([y.mean()] * 3)
    for one, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(one, ops.convert_to_numpy(variable.value))
    assert "call" not in vars(relu)


class Later(keras.callbacks.Callback):
    """Stands for `TensorBoard`, which writes what it finds in the logs."""

    def on_epoch_end(self, epoch, logs=None):
        self.names = set(logs)


def test_the_weights_of_each_epoch_are_those_measured():
    dense = layers.Dense(2, "tanh", name="dense")
    model = chain(dense)
    monitor, later = SaturationMonitor(SAMPLE), Later()
    model.compile(keras.optimizers.SGD(0.5), "mse")
    history = model.fit(SAMPLE, 0 * SAMPLE, epochs=3, verbose=0, callbacks=[monitor, later]).history
    y = np.tanh(SAMPLE @ dense.get_weights()[0] + dense.get_weights()[1])
    assert monitor.curves["mean"]["dense"][-1] == pytest.approx(y.mean(), abs=1e-5)
    assert min(history["mean_drift/dense"]) > 0
    names = {f"{measure}/dense" for measure in LOGGED}
    assert names == set(history) - {"loss"} == later.names - {"loss"}


def test_a_second_fit_starts_afresh_and_a_model_may_build_itself_in_fit():
    model = keras.Sequential([layers.Dense(2, "relu", name="dense")])
    monitor = SaturationMonitor(SAMPLE)
    model.compile("sgd", "mse")
    model.fit(SAMPLE, SAMPLE, epochs=2, verbose=0, callbacks=[monitor])
    model.fit(SAMPLE, SAMPLE, epochs=3, initial_epoch=2, verbose=0, callbacks=[monitor])
    assert monitor.epochs == [2, 3]


def test_several_inputs_and_half_precision():
    inputs = {"a": keras.Input((2,), name="a"), "b": keras.Input((2,), name="b")}
    x = layers.Add(dtype="mixed_float16")([inputs["a"], inputs["b"]])
    x = layers.Activation("relu", name="relu", dtype="mixed_float16")(x)
    model = keras.Model(inputs, x)
    sample = {"a": SAMPLE, "b": SAMPLE * 100}
    monitor, _ = monitored(model, sample)
    y = np.maximum(SAMPLE * 101, 0)
    assert monitor.curves["saturated"]["relu"] == pytest.approx([3 / 8] * 2)
    assert monitor.curves["variance"]["relu"] == pytest.approx([y.var(0).mean()] * 2, rel=1e-2)


@pytest.mark.parametrize("sample", [SAMPLE, {"a": SAMPLE, "b": SAMPLE}, SAMPLE.tolist()], ids=type)
def test_config_is_json_and_comes_back(sample):
    where = ["a/*", layers.ReLU, re.compile("b")]
    monitor = SaturationMonitor(sample, where=where, tolerance=0.1)
    saved = json.dumps(keras.saving.serialize_keras_object(monitor))
    copy = keras.saving.deserialize_keras_object(json.loads(saved))
    assert copy.where == where
    assert copy.tolerance == 0.1
    keras.tree.map_structure(np.testing.assert_array_equal, copy.sample, monitor.sample)


@pytest.mark.parametrize(
    ("sample", "arguments", "error", "name"),
    [
        (SAMPLE, {"tolerance": 0.6}, ValueError, "tolerance"),
        (SAMPLE, {"tolerance": -0.1}, ValueError, "tolerance"),
        (SAMPLE, {"tolerance": "a"}, TypeError, "tolerance"),
        (SAMPLE[:1], {}, ValueError, "sample"),
        ([SAMPLE, SAMPLE[:2]], {}, ValueError, "sample"),
        ([[1.0, 2.0], [3.0]], {}, ValueError, "sample"),
        (3, {}, ValueError, "sample"),
        ("mnist", {}, TypeError, "sample"),
        (None, {}, TypeError, "sample"),
        ([], {}, TypeError, "sample"),
    ],
)
def test_bad_arguments(sample, arguments, error, name):
    with pytest.raises(error, match=rf"argument `{name}`.* \(SaturationMonitor\)\.$"):
        SaturationMonitor(sample, **arguments)


def test_layers_that_are_not_there():
    model = chain(layers.Dense(2, name="dense"))
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="a model with an activation layer"):
        model.fit(SAMPLE, SAMPLE, verbose=0, callbacks=[SaturationMonitor(SAMPLE)])
    with pytest.raises(
        ValueError, match=r"has 'head' and others\. Received: where='hed' \(SaturationMon"
    ):
        monitored(nested(), where="hed")
