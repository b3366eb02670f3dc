import re

import keras
import numpy as np
import pytest
from keras import layers

from kerasreg.callbacks import WeightDistance
from kerasreg.layers import Dropout

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3)).astype("float32")
Y = RNG.normal(size=(20, 1)).astype("float32")


class Weights(keras.callbacks.Callback):
    """Keeps a copy of the weights before training and after each batch."""

    def __init__(self):
        super().__init__()
        self.values = []

    def on_train_begin(self, logs=None):
        self._keep()

    def on_train_batch_end(self, batch, logs=None):
        self._keep()

    def _keep(self):
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()
        arrays = [keras.ops.convert_to_numpy(v.value) for v in self.model.trainable_variables]
        self.values.append([np.array(array, "float64").ravel() for array in arrays])

    def path(self, *numbers):
        """Returns the weights of these numbers, one row for each batch."""
        return np.array([np.concatenate([row[n] for n in numbers]) for row in self.values])


def make_model(optimizer="adam", **compiled):
    keras.utils.set_random_seed(0)
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(4, "tanh", name="a")], name="inner")
    stack = [keras.Input((3,)), inner, layers.BatchNormalization(name="bn"), Dropout(0.5)]
    model = keras.Sequential([*stack, layers.Dense(1, name="b")])
    model.compile(optimizer, "mse", **compiled)
    return model


def travelled(path, every=1):
    """Returns distance, path and bound in float64, from the weights after each batch."""
    stops = path[[*range(0, len(path) - 1, every), len(path) - 1]]
    steps = np.linalg.norm(np.diff(stops, axis=0), axis=1)
    return np.linalg.norm(path[-1] - path[0]), steps.sum(), len(steps) * steps.max()


def run(monitor, model, **arguments):
    weights = Weights()
    keras.utils.set_random_seed(1)
    arguments = {"batch_size": 4, "epochs": 3, "verbose": 0} | arguments
    history = model.fit(X, Y, callbacks=[weights, monitor], **arguments).history
    return history, weights


@pytest.mark.parametrize(
    "compiled", [{"run_eagerly": True}, {"jit_compile": keras.backend.backend() != "torch"}]
)
def test_the_way_of_each_layer_and_of_all(compiled):
    monitor = WeightDistance()
    history, weights = run(monitor, make_model(**compiled))
    numbers = {"inner/a": (0, 1), "bn": (2, 3), "b": (4, 5)}
    assert monitor.travels.keys() == numbers.keys()
    for path, own in numbers.items():
        np.testing.assert_allclose(monitor.travels[path][-1], travelled(weights.path(*own)), 1e-5)
    after_first = travelled(weights.path(*range(6))[:6])
    np.testing.assert_allclose(monitor.total[0], after_first, 1e-5)
    np.testing.assert_allclose(monitor.total[-1], travelled(weights.path(*range(6))), 1e-5)
    assert history["weight_distance"] == [travel.distance for travel in monitor.total]
    assert history["weight_distance_bound"] == [travel.bound for travel in monitor.total]


def test_training_does_not_notice():
    _, alone = run(keras.callbacks.Callback(), make_model())
    _, watched = run(WeightDistance(), make_model())
    for one, other in zip(alone.values[-1], watched.values[-1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_every_some_steps_and_what_is_left_of_an_epoch():
    monitor = WeightDistance("b", every_steps=4)
    _, weights = run(monitor, make_model(), epochs=1)  # 5 batches
    np.testing.assert_allclose(monitor.travels["b"][0], travelled(weights.path(4, 5), 4), 1e-5)
    assert list(monitor.travels) == ["b"]


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="Keras has no such steps there")
def test_several_steps_in_one_call():
    monitor = WeightDistance()
    model = make_model(keras.optimizers.SGD(0.125), steps_per_execution=2)
    run(monitor, model, epochs=1)
    assert monitor.learning_rates == [5 * 0.125]


def test_the_sum_of_the_learning_rates():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([6], [0.5, 0.25])
    monitor = WeightDistance()
    history, _ = run(monitor, make_model(keras.optimizers.SGD(schedule)), epochs=2)
    # Keras uses the first rate up to step 6 counted from 0, that is for 7 updates.
    np.testing.assert_allclose(monitor.learning_rates, [2.5, 7 * 0.5 + 3 * 0.25])
    np.testing.assert_allclose(history["equivalent_l2"], [0.5 / 2.5, 0.5 / 4.25])


def test_a_second_fit_starts_afresh():
    monitor = WeightDistance()
    model = make_model(keras.optimizers.SGD(0.125))
    run(monitor, model)
    _, weights = run(monitor, model, epochs=1)
    np.testing.assert_allclose(monitor.total, [travelled(weights.path(*range(6)))], 1e-5)
    assert monitor.learning_rates == [5 * 0.125]


def test_frozen_layers_and_layers_without_weights_have_no_way():
    model = make_model()
    model.get_layer("inner").trainable = False
    model.compile("sgd", "mse")
    monitor = WeightDistance()
    run(monitor, model, epochs=1)
    assert list(monitor.travels) == ["bn", "b"]


def standardized():
    x, y = pytest.importorskip("sklearn.datasets").load_diabetes(return_X_y=True)
    x = x / x.std(0)
    return x, ((y - y.mean()) / y.std())[:, None]


def test_stopped_gradient_descent_is_ridge_regression_of_the_equivalent_strength():
    """On a real quadratic, in the coordinates of its curvature, as the book derives it."""
    x, y = standardized()
    dense = layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((10,)), dense])
    rate, times = 0.01, []
    model.compile(keras.optimizers.SGD(rate), "mse")
    monitor = WeightDistance()
    curvature, directions = np.linalg.eigh(2 * x.T @ x / len(x))
    minimum = directions.T @ np.linalg.lstsq(x, y, rcond=None)[0][:, 0]
    for epochs in (10, 100, 300):
        keras.ops.convert_to_numpy(dense.kernel.assign(np.zeros((10, 1))))
        history = model.fit(x, y, batch_size=len(x), epochs=epochs, verbose=0, callbacks=[monitor])
        stopped = directions.T @ keras.ops.convert_to_numpy(dense.kernel)[:, 0]
        # Equation 7.40: how far each direction has come.
        np.testing.assert_allclose(
            stopped, (1 - (1 - rate * curvature) ** epochs) * minimum, atol=1e-5
        )
        alpha = 2 * history.history["equivalent_l2"][-1]
        assert alpha == pytest.approx(1 / (rate * epochs))
        ridge = curvature / (curvature + alpha) * minimum
        # (1 - exp(-s)) (1 + s) / s with s = curvature / alpha is within [1, 1.2985]; a rate that is
        # not small adds at most half of rate * curvature.
        ratio = stopped / ridge
        assert ratio.min() > 1 - 1e-4
        assert ratio.max() < 1.2985 * (1 + rate * curvature.max() / 2)
        times.append(ratio.max())
    assert max(times) > 1.2  # the bound is near what is reached


def test_plain_gradient_descent_stays_within_rate_times_updates_times_gradient():
    x, y = standardized()
    model = keras.Sequential([keras.Input((10,)), layers.Dense(1, use_bias=False, name="w")])
    model.compile(keras.optimizers.SGD(0.05), "mse")
    monitor = WeightDistance()
    start = keras.ops.convert_to_numpy(model.layers[0].kernel).astype("float64")
    model.fit(x, y, batch_size=len(x), epochs=8, verbose=0, callbacks=[monitor])
    w, longest = start, 0.0
    for _ in range(8):
        gradient = 2 * x.T @ (x @ w - y) / len(x)
        longest = max(longest, np.linalg.norm(gradient))
        w = w - 0.05 * gradient
    travel = monitor.travels["w"][-1]
    assert travel.bound == pytest.approx(0.05 * 8 * longest, rel=1e-5)
    assert travel.distance == pytest.approx(np.linalg.norm(w - start), rel=1e-4)
    assert travel.distance < travel.path < travel.bound


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"every_steps": 0}, ValueError, "an integer of at least 1"),
        ({"every_steps": 2.0}, TypeError, "an integer of at least 1"),
        ({"where": "inner/c"}, ValueError, "the model has 'inner/a'"),
        ({"where": layers.Dropout}, ValueError, "a layer with trainable weights"),
        ({"where": 3}, TypeError, "a glob, a compiled regular expression"),
    ],
)
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make_model().fit(X, Y, verbose=0, callbacks=[WeightDistance(**arguments)])
