import keras
import numpy as np
import pytest
from keras import layers

from kerasreg import regularizers
from kerasreg.callbacks import PenaltyMonitor, ProximalStep
from kerasreg.optimizers import Lookahead

BACKEND = keras.backend.backend()
RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 3)).astype("float32")
Y = (X @ [[1.0], [-0.6], [0.02]] + 0.1 * RNG.normal(size=(24, 1))).astype("float32")
START = np.array([[0.5], [-0.3], [0.1]], "float32")


def linear(optimizer, penalty, *, dtype=None, constraint=None, **compiled):
    arguments = {"kernel_regularizer": penalty, "kernel_constraint": constraint, "dtype": dtype}
    dense = layers.Dense(1, use_bias=False, name="dense", **arguments)
    model = keras.Sequential([keras.Input((3,)), dense])
    model.set_weights([START])
    model.compile(optimizer, "mse", **compiled)
    return model


def fitted(model, *callbacks, epochs=2, **arguments):
    arguments = {"batch_size": 4, "shuffle": False, "verbose": 0} | arguments
    return model.fit(X, Y, epochs=epochs, callbacks=callbacks, **arguments).history


def soft(w, threshold):
    return np.sign(w) * np.maximum(np.abs(w) - threshold, 0)


def gradients(epochs=2, size=4):
    """Yields the number of each step and the gradient of its batch, a function of the weights."""
    rows = [slice(i, i + size) for i in range(0, len(X), size)] * epochs
    for step, batch in enumerate(rows):
        x, y = X[batch].astype("float64"), Y[batch].astype("float64")
        yield step, lambda w, x=x, y=y: 2 * x.T @ (x @ w - y) / len(x)


def by_hand(l1, rate=lambda step: 0.05, epochs=2):
    w = START.astype("float64")
    for step, gradient in gradients(epochs):
        w = soft(w - rate(step) * gradient(w), rate(step) * l1)
    return w


COMPILED = [
    {},
    {"jit_compile": True},
    {"run_eagerly": True},
    {"steps_per_execution": 3},
    {"jit_compile": True, "steps_per_execution": 3},
]


@pytest.mark.parametrize("compiled", COMPILED, ids=lambda each: "-".join(each) or "auto")
def test_each_step_is_a_gradient_step_and_a_threshold(compiled):
    if BACKEND == "torch" and compiled:
        pytest.skip("PyTorch has no steps_per_execution; its compiler takes a minute")
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 4, 0.5)
    model = linear(keras.optimizers.SGD(rate), regularizers.L1(0.3), **compiled)
    history = fitted(model, ProximalStep())
    expected = by_hand(0.3, lambda step: 0.1 * 0.5 ** (step / 4))
    found = model.get_weights()[0]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(found == 0, expected == 0)
    assert np.mean(found == 0) == pytest.approx(history["sparsity"][-1]) != 0
    assert history["proximal_penalty"][-1] == pytest.approx(0.3 * np.abs(found).sum(), rel=1e-6)


def test_a_rate_that_a_callback_sets():
    model = linear(keras.optimizers.SGD(0.1), keras.regularizers.L1(0.3))
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (1 + epoch))
    fitted(model, ProximalStep(), schedule)
    expected = by_hand(0.3, lambda step: 0.1 / (1 + step // 6))
    np.testing.assert_allclose(model.get_weights()[0], expected, rtol=1e-5, atol=1e-7)


def test_the_loss_includes_the_penalty_and_validation_is_the_same():
    model = linear(keras.optimizers.SGD(0.0), regularizers.L1(0.3))
    history = fitted(model, ProximalStep(), epochs=1, validation_data=(X, Y))
    data = np.mean((X @ START - Y) ** 2)
    for name in ("loss", "val_loss"):
        assert history[name][0] == pytest.approx(data + 0.3 * np.abs(START).sum(), rel=1e-5)


def test_accumulated_gradients():
    model = linear(keras.optimizers.SGD(0.2, gradient_accumulation_steps=3), regularizers.L1(0.3))
    fitted(model, ProximalStep())
    w, mean = START.astype("float64"), 0.0
    for step, gradient in gradients():
        mean = mean + gradient(w) / 3
        if step % 3 == 2:
            w, mean = soft(w - 0.2 * mean, 0.2 * 0.3), 0.0
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=1e-5, atol=1e-7)


def test_adam_has_its_penalty_apart_from_the_scaling():
    model = linear(keras.optimizers.Adam(0.05), regularizers.L1(0.3))
    fitted(model, ProximalStep())
    w, m, v = START.astype("float64"), 0.0, 0.0
    for step, gradient in gradients():
        g = gradient(w)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        scale = np.sqrt(1 - 0.999 ** (step + 1)) / (1 - 0.9 ** (step + 1))
        w = soft(w - 0.05 * scale * m / (np.sqrt(v) + 1e-7), 0.05 * 0.3)
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=1e-4, atol=1e-6)


def two_optimizers():
    sgd = keras.optimizers.SGD(0.05)
    others = {"other": keras.optimizers.Adam()}
    return keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(sgd, others))


@pytest.mark.parametrize(
    "optimizer",
    [lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.05)), two_optimizers],
    ids=["loss_scale", "multi"],
)
def test_optimizers_that_hold_others(optimizer):
    model = linear(optimizer(), regularizers.L1(0.3))
    fitted(model, ProximalStep())
    np.testing.assert_allclose(model.get_weights()[0], by_hand(0.3), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("dtype", ["float16", "mixed_float16", "bfloat16"])
def test_half_precision(dtype):
    model = linear(keras.optimizers.SGD(0.05), regularizers.L1(0.3), dtype=dtype)
    fitted(model, ProximalStep())
    found = model.get_weights()[0].astype("float64")
    np.testing.assert_allclose(found, by_hand(0.3), atol=2e-2)
    assert (found == 0).any()


def test_a_constraint_comes_after_the_step():
    constraint = keras.constraints.NonNeg()
    model = linear(keras.optimizers.SGD(0.05), regularizers.L1(0.3), constraint=constraint)
    fitted(model, ProximalStep())
    w = START.astype("float64")
    for _, gradient in gradients():
        w = np.maximum(soft(w - 0.05 * gradient(w), 0.05 * 0.3), 0)
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=1e-5, atol=1e-7)
    assert model.layers[0].kernel.constraint is constraint


def test_of_a_sum_the_smooth_part_keeps_its_gradient():
    penalty = regularizers.Sum(regularizers.L2(0.5), regularizers.Sum(regularizers.L1(0.3)))
    model = linear(keras.optimizers.SGD(0.05), penalty)
    fitted(model, ProximalStep())
    w = START.astype("float64")
    for _, gradient in gradients():
        w = soft(w - 0.05 * (gradient(w) + 2 * 0.5 * w), 0.05 * 0.3)
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("compiled", [{}, {"jit_compile": True}], ids=["auto", "jit"])
def test_the_next_fit_is_without_it(compiled):
    if BACKEND == "torch" and compiled:
        pytest.skip("PyTorch's compiler takes a minute")
    penalty = regularizers.L1(0.3)
    model = linear(keras.optimizers.SGD(0.05), penalty, **compiled)
    for callbacks in ([], [ProximalStep()], [], [ProximalStep()]):
        model.set_weights([START])
        fitted(model, *callbacks)
        expected = by_hand(0.3) if callbacks else subgradient(0.3)
        np.testing.assert_allclose(model.get_weights()[0], expected, rtol=1e-5, atol=1e-7)
    assert model.layers[0].kernel.regularizer is penalty
    assert model.layers[0].kernel.constraint is None


def subgradient(l1):
    w = START.astype("float64")
    for _, gradient in gradients():
        w = w - 0.05 * (gradient(w) + l1 * np.sign(w))
    return w


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_beside_a_penalty_monitor(first):
    model, monitor = linear(keras.optimizers.SGD(0.05), regularizers.L1(0.3)), PenaltyMonitor()
    for proximal in (False, True, False, True):
        model.set_weights([START])
        callbacks = [monitor, ProximalStep()] if proximal else [monitor]
        history = fitted(model, *(callbacks[::-1] if first else callbacks))
        expected = by_hand(0.3) if proximal else subgradient(0.3)
        np.testing.assert_allclose(model.get_weights()[0], expected, rtol=1e-5, atol=1e-7)
        total = np.add(history["data_loss"], history["penalty"])
        np.testing.assert_allclose(history["loss"], total, rtol=1e-5)
    model.set_weights([START])
    fitted(model)
    np.testing.assert_allclose(model.get_weights()[0], subgradient(0.3), rtol=1e-5, atol=1e-7)


class Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        raise KeyboardInterrupt


def test_an_exception_in_fit_has_no_consequence_for_the_next():
    penalty = regularizers.L1(0.3)
    model = linear(keras.optimizers.SGD(0.05), penalty)
    with pytest.raises(KeyboardInterrupt):
        fitted(model, ProximalStep(), Stop())
    assert model.layers[0].kernel.regularizer is penalty
    model.set_weights([START])
    fitted(model)
    np.testing.assert_allclose(model.get_weights()[0], subgradient(0.3), rtol=1e-5, atol=1e-7)


class NewStep(keras.callbacks.Callback):
    """Makes a new training step after each epoch, as callbacks that freeze layers do."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.make_train_function(force=True)


def test_a_step_that_another_callback_makes_anew_has_it():
    model = linear(keras.optimizers.SGD(0.05), regularizers.L1(0.3))
    fitted(model, ProximalStep(), NewStep())
    np.testing.assert_allclose(model.get_weights()[0], by_hand(0.3), rtol=1e-5, atol=1e-7)


def deep():
    keras.utils.set_random_seed(0)
    groups = regularizers.GroupLasso(0.3, axis=-2)
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(4, kernel_regularizer=groups)])
    frozen = layers.Dense(4, kernel_regularizer="l1", trainable=False, name="frozen")
    head = layers.Dense(1, kernel_regularizer=regularizers.L1(1.0), name="head")
    model = keras.Sequential([keras.Input((3,)), inner, frozen, layers.Dense(4, "tanh"), head])
    model.compile(keras.optimizers.SGD(0.05), "mse")
    return model


def test_layers_by_where_and_at_any_depth_without_frozen_ones():
    model = deep()
    step = ProximalStep(where="dense*")
    fitted(model, step, epochs=10)
    kernel, frozen = model.layers[0].layers[0].kernel, model.get_layer("frozen").kernel
    rows = np.abs(keras.ops.convert_to_numpy(kernel)).sum(1)
    assert (rows == 0).any()
    assert keras.ops.convert_to_numpy(model.get_layer("head").kernel).all()
    assert keras.ops.convert_to_numpy(frozen).all()
    fitted(model, ProximalStep(), epochs=10)
    assert not keras.ops.convert_to_numpy(model.get_layer("head").kernel).all()


@pytest.mark.parametrize(
    ("where", "error", "words"),
    [
        ("haed", ValueError, "'head'"),
        (3, TypeError, "a glob"),
        ("frozen", ValueError, "what matches a layer with a sparse penalty"),
    ],
)
def test_where_is_checked(where, error, words):
    with pytest.raises(error, match=words):
        fitted(deep(), ProximalStep(where=where))


@pytest.mark.parametrize(
    ("penalty", "words"),
    [
        (None, "a model with a layer with a sparse penalty"),
        (regularizers.L2(0.1), "a model with a layer with a sparse penalty"),
        (lambda w: 0.1 * keras.ops.sum(abs(w)), "a model with a layer with a sparse penalty"),
        (
            regularizers.Sum(regularizers.GroupLasso(0.1), regularizers.GroupLasso(0.1, axis=0)),
            "at most one beside L1",
        ),
    ],
    ids=["none", "smooth", "function", "two"],
)
def test_penalties_without_an_operator_are_refused(penalty, words):
    with pytest.raises(ValueError, match=words):
        fitted(linear("sgd", penalty), ProximalStep())


def test_a_model_that_is_not_built_is_refused():
    if BACKEND != "tensorflow":
        pytest.skip("Keras builds the model first")
    model = keras.Sequential([layers.Dense(1, kernel_regularizer="l1")])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="not built"):
        fitted(model, ProximalStep())


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.SGD(0.1, use_ema=True),
        lambda: Lookahead("sgd"),
        lambda: keras.optimizers.LossScaleOptimizer(Lookahead("sgd")),
    ],
    ids=["use_ema", "lookahead", "scaled lookahead"],
)
def test_averages_are_refused(optimizer):
    model = linear(optimizer(), regularizers.L1(0.1))
    with pytest.raises(RuntimeError, match=r"(averages|means that) are not zero"):
        fitted(model, ProximalStep())


def test_two_of_them_are_refused():
    model = linear(keras.optimizers.SGD(0.05), regularizers.L1(0.1))
    with pytest.raises(RuntimeError, match=r"does not update \['dense/kernel'\]"):
        fitted(model, ProximalStep(), ProximalStep())


LINEAR_MODELS = [("Lasso", 0.1, 1.0), ("ElasticNet", 0.2, 0.5)]


@pytest.mark.parametrize("optimizer", ["plain", "momentum"])
@pytest.mark.parametrize(("reference", "alpha", "l1_ratio"), LINEAR_MODELS)
def test_coefficients_of_scikit_learn(reference, alpha, l1_ratio, optimizer):
    linear_model = pytest.importorskip("sklearn.linear_model")
    data = pytest.importorskip("sklearn.datasets").load_diabetes()
    x, y = (data.data / data.data.std(0)), (data.target / data.target.std())
    x, y = x - x.mean(0), y - y.mean()
    arguments = {"l1_ratio": l1_ratio} if reference == "ElasticNet" else {}
    expected = getattr(linear_model, reference)(alpha, tol=1e-10, **arguments).fit(x, y).coef_
    # scikit-learn halves the mean of the squares, and the square term of its penalty.
    penalty = regularizers.L1L2(2 * alpha * l1_ratio, alpha * (1 - l1_ratio))
    dense = layers.Dense(1, kernel_regularizer=penalty)
    model = keras.Sequential([keras.Input((10,)), dense])
    sgd = {"plain": (0.1, 0.0), "momentum": (0.02, 0.9)}[optimizer]
    model.compile(keras.optimizers.SGD(sgd[0], momentum=sgd[1]), "mse")
    times = 500
    rows, targets = np.tile(x, (times, 1)), np.tile(y, times)
    model.fit(rows, targets, len(x), shuffle=False, verbose=0, callbacks=[ProximalStep()])
    found = model.get_weights()[0][:, 0]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_array_equal(found == 0, expected == 0)
    assert 0 < np.sum(found == 0) < 10
