import keras
import numpy as np
import pytest

from kerasreg.regularizers import Orthogonal

WEIGHTS = np.array([[0.6, 0.1], [0.2, 0.9], [0.5, -0.3]])
MODES = ("so", "dso", "mc", "srip")


@pytest.mark.parametrize(
    ("mode", "expected"), [("so", 0.1468), ("dso", 1.2936), ("mc", 0.35), ("srip", 0.3781139)]
)
def test_value(mode, expected):
    found = float(Orthogonal(0.5, mode, iterations=20)(WEIGHTS))
    assert found == pytest.approx(0.5 * expected, abs=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_more_columns_than_rows_and_their_transpose_cost_the_same(mode):
    penalty = Orthogonal(1.0, mode, iterations=20)
    assert float(penalty(WEIGHTS.T)) == pytest.approx(float(penalty(WEIGHTS)), rel=1e-5)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(4, 4), (3, 3, 2, 5), (2, 1, 2, 9), (7,), (1, 1)], ids=str)
def test_orthogonal_kernels_cost_nothing(shape, mode):
    rows, columns = int(np.prod(shape[:-1])), shape[-1]
    square = np.linalg.qr(np.random.default_rng(0).normal(size=(max(rows, columns),) * 2))[0]
    kernel = square[:rows, :columns].reshape(shape)
    found = float(Orthogonal(1.0, mode)(kernel))
    assert found == pytest.approx(abs(rows - columns) if mode == "dso" else 0, abs=1e-5)


@pytest.mark.parametrize(
    ("mode", "value"),
    [
        ("so", lambda gram, other: (gram**2).sum()),
        ("dso", lambda gram, other: (gram**2).sum() + (other**2).sum()),
        ("mc", lambda gram, other: np.abs(gram).max()),
        ("srip", lambda gram, other: np.linalg.norm(gram, 2)),
    ],
)
def test_gradient_by_differences(gradient, mode, value):
    def at(w):
        return value(w.T @ w - np.eye(2), w @ w.T - np.eye(3))

    expected = np.zeros_like(WEIGHTS)
    for place in np.ndindex(WEIGHTS.shape):
        step = np.zeros_like(WEIGHTS)
        step[place] = 1e-6
        expected[place] = (at(WEIGHTS + step) - at(WEIGHTS - step)) / 2e-6
    found = gradient(Orthogonal(1.0, mode, iterations=30), WEIGHTS)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_opposite_columns_are_not_orthogonal():
    assert float(Orthogonal(1.0)(np.array([[0.6, -0.6], [0.8, -0.8]]))) == pytest.approx(2)


@pytest.mark.parametrize("mode", MODES)
def test_training_makes_columns_orthogonal(mode):
    keras.utils.set_random_seed(1)
    layer = keras.layers.Dense(3, use_bias=False, kernel_regularizer=Orthogonal(0.1, mode))
    model = keras.Sequential([keras.Input((5,)), layer])
    model.compile(keras.optimizers.SGD(0.3), "mse")
    model.fit(np.zeros((4, 5)), np.zeros((4, 3)), epochs=60, batch_size=4, verbose=0)
    kernel = layer.get_weights()[0]
    assert np.abs(kernel.T @ kernel - np.eye(3)).max() < 0.1
