import math

import keras
import numpy as np
import pytest
from keras import ops

from kerasreg import regularizers
from kerasreg.callbacks import ProximalStep
from kerasreg.models import regularization_path

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3)).astype("float32")
Y = (X @ [[2.0], [-1.0], [0.0]] + 0.5 * RNG.normal(size=(40, 1))).astype("float32")
DATA, VALIDATION = (X[:30], Y[:30]), (X[30:], Y[30:])


def linear(penalty, inputs=3, rate=0.1, momentum=0.0):
    dense = keras.layers.Dense(1, use_bias=False, kernel_regularizer=penalty, name="dense")
    model = keras.Sequential([keras.Input((inputs,)), dense])
    model.compile(keras.optimizers.SGD(rate, momentum=momentum), "mse")
    return model


def ridge(strength):
    return linear(regularizers.L2(strength))


def path_of(build=ridge, strengths=(0.1, 1.0), **arguments):
    arguments = {"epochs": 1, "progress": False, "validation_data": VALIDATION} | arguments
    return regularization_path(build, DATA, strengths, **arguments)


@pytest.fixture(scope="module")
def short():
    return path_of(strengths=[0.01, 1.0, 0.1], epochs=3)


def test_rows_stand_from_the_largest_strength_down(short):
    assert short.strengths.tolist() == [1.0, 0.1, 0.01]
    assert short.coefficients["dense/kernel"].shape == (3, 3, 1)
    for row, kernel in zip(short.rows, short.coefficients["dense/kernel"], strict=True):
        data, validation = (np.mean((x @ kernel - y) ** 2) for x, y in (DATA, VALIDATION))
        assert row.data_loss == pytest.approx(data, rel=1e-5)
        assert row.val_data_loss == pytest.approx(validation, rel=1e-5)
        assert row.penalty == pytest.approx(row.strength * np.sum(kernel**2), rel=1e-5)
        assert (row.epochs, row.sparsity) == (3, 0.0)
    assert short.best().val_data_loss == min(row.val_data_loss for row in short.rows)


def test_the_table_has_a_star_at_the_best(short):
    lines = str(short).splitlines()
    (starred,) = (line for line in lines if "*" in line)
    assert f"{short.best().strength:.4g}" in starred
    assert len([line for line in lines if "%" in line]) == 3


@pytest.mark.parametrize("warm_start", [True, False])
def test_each_begins_where_the_last_one_ended(warm_start):
    begun = []

    class Begin(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            begun.append(self.model.get_weights()[0])

    path = path_of(warm_start=warm_start, callbacks=[Begin()])
    assert np.array_equal(begun[1], path.rows[0].coefficients["dense/kernel"]) == warm_start


def test_without_validation_data():
    path = path_of(strengths=[0.5], validation_data=None)
    assert path.rows[0].val_data_loss is None
    assert "50.0%" not in str(path)
    with pytest.raises(RuntimeError, match=r"Give `validation_data`\. \(RegularizationPath\)$"):
        path.best()


def test_a_data_set_and_a_progress_bar(capsys):
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            rows = slice(10 * index, 10 * index + 10)
            return X[rows], Y[rows]

    path = regularization_path(ridge, Batches(), [0.1], progress=True)
    assert np.isfinite(path.rows[0].data_loss)
    assert "regularization_path" in capsys.readouterr().out


def diabetes():
    data = pytest.importorskip("sklearn.datasets").load_diabetes()
    x, y = data.data / data.data.std(0), data.target / data.target.std()
    return x - x.mean(0), y - y.mean()


def batches(x, y, steps):
    """Returns as many copies of the data, of which each is one batch."""
    return np.tile(x, (steps, 1)).astype("float32"), np.tile(y, steps).astype("float32")


def test_ridge_on_real_data_has_the_closed_form():
    x, y = diabetes()
    strengths = (1.0, 0.3, 0.1, 0.05)
    path = regularization_path(
        lambda strength: linear(regularizers.L2(strength), 10, 0.05, 0.9),
        batches(x, y, 400),
        strengths,
        batch_size=len(x),
        shuffle=False,
        progress=False,
    )
    for row in path.rows:
        system = x.T @ x / len(x) + row.strength * np.eye(10)
        expected = np.linalg.solve(system, x.T @ y / len(x))
        np.testing.assert_allclose(row.coefficients["dense/kernel"][:, 0], expected, atol=1e-4)
        assert row.data_loss == pytest.approx(np.mean((x @ expected - y) ** 2), rel=1e-4)


def test_the_lasso_on_real_data_has_the_path_of_scikit_learn():
    x, y = diabetes()
    alphas = [0.3, 0.1, 0.05, 0.03]
    lasso_path = pytest.importorskip("sklearn.linear_model").lasso_path
    found, expected, _ = lasso_path(x, y, alphas=alphas, tol=1e-10)
    path = regularization_path(
        # scikit-learn halves the mean of the squares.
        lambda strength: linear(regularizers.L1(2 * strength), 10, 0.05, 0.9),
        batches(x, y, 500),
        alphas[::-1],
        batch_size=len(x),
        shuffle=False,
        progress=False,
        callbacks=[ProximalStep()],
    )
    np.testing.assert_array_equal(path.strengths, found)
    kernels = path.coefficients["dense/kernel"][..., 0].T
    np.testing.assert_allclose(kernels, expected, atol=1e-3)
    np.testing.assert_array_equal(kernels == 0, expected == 0)
    sparsity = [row.sparsity for row in path.rows]
    np.testing.assert_allclose(sparsity, np.mean(expected == 0, 0), rtol=1e-6)
    assert sorted(sparsity, reverse=True) == sparsity
    assert sparsity[0] > sparsity[-1]


def not_compiled(strength):
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])


def growing(strength):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, use_bias=strength < 1)])
    model.compile("sgd", "mse")
    return model


ONE = ridge(0.1)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"build": "ridge"}, TypeError, "`build`.*a function of a strength"),
        ({"build": lambda strength: None}, TypeError, "`build`.*built and compiled"),
        ({"build": not_compiled}, ValueError, "`build`.*built and compiled"),
        ({"build": growing}, ValueError, "`build`.*of the same weights.*warm_start=False"),
        ({"build": lambda strength: ONE}, ValueError, "`build`.*a new model"),
        ({"validation_data": (X, Y, Y, Y)}, ValueError, "`validation_data`.*a tuple.*4 items"),
        ({"strengths": []}, ValueError, "`strengths`.*different numbers"),
        ({"strengths": [0.1, 0.1]}, ValueError, "`strengths`.*different numbers"),
        ({"strengths": [-0.1]}, ValueError, "`strengths`.*non-negative"),
        ({"strengths": [math.nan]}, ValueError, "`strengths`.*non-negative"),
        ({"strengths": ["a"]}, TypeError, "`strengths`.*non-negative"),
        ({"strengths": "0.1"}, TypeError, "`strengths`.*different numbers"),
        ({"strengths": 0.1}, TypeError, "`strengths`.*different numbers"),
        ({"validation_data": [X, Y]}, TypeError, "`validation_data`.*a tuple"),
        ({"warm_start": 1}, TypeError, "`warm_start`.*True or False"),
        ({"progress": None}, TypeError, "`progress`.*True or False"),
    ],
)
def test_bad_input(arguments, error, words):
    with pytest.raises(error, match=rf"{words}.*\(regularization_path\)\.$"):
        path_of(**arguments)


def test_data_is_checked():
    for bad in (None, [X, Y]):
        with pytest.raises(TypeError, match=r"`data`.*a tuple.*Received: data='(list|NoneType)'"):
            regularization_path(ridge, bad, [0.1])


def unnamed(strength):
    dense = keras.layers.Dense(1, kernel_regularizer="l2" if strength else None)
    model = keras.Sequential([keras.Input((3,)), dense])
    model.compile("sgd", "mse")
    return model


def test_weights_are_known_by_their_places():
    path = path_of(unnamed, strengths=[0.5, 0.0], warm_start=False)
    ((name, values),) = path.coefficients.items()
    assert name.endswith("/kernel")
    assert values.shape == (2, 3, 1)
    assert path.rows[1].penalty == 0


def test_examples_have_weights():
    data = X, Y, np.r_[np.ones(20), np.zeros(20)]
    path = regularization_path(ridge, data, [0.1], progress=False, batch_size=40)
    kernel = path.rows[0].coefficients["dense/kernel"]
    expected = np.sum((X[:20] @ kernel - Y[:20]) ** 2) / 40
    assert path.rows[0].data_loss == pytest.approx(expected, rel=1e-5)


def test_weights_without_penalties_are_all_recorded():
    path = path_of(growing, strengths=[0.5])
    assert len(path.rows[0].coefficients) == 2
    assert ops.shape(next(iter(path.rows[0].coefficients.values()))) == (3, 1)
