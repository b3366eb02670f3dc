import json

import keras
import numpy as np
import pytest

from kerasreg.regularizers import L2, L2SP

START = np.array([[1.0, 2.0], [0.0, -1.0]])
WEIGHTS = np.array([[1.5, 2.0], [0.5, -2.0]])


def test_value_and_gradient(gradient):
    """The paper's alpha is 0.1; its beta, 0.01, is the L2 penalty of the new layer."""
    penalty = L2SP(0.05, START)
    whole = float(penalty(WEIGHTS)) + float(L2(0.005)(np.array([3.0, -4.0])))
    assert whole == pytest.approx(0.2)
    expected = [[0.05, 0.0], [0.05, -0.1]]
    np.testing.assert_allclose(gradient(penalty, WEIGHTS), expected, atol=1e-7)


def test_the_reference_is_a_copy():
    start = START.copy()
    variable = keras.Variable(START)
    penalties = L2SP(1.0, start), L2SP(1.0, variable), L2SP(1.0, START.tolist())
    start += 7
    variable.assign_add(np.full((2, 2), 7.0))
    assert [float(penalty(START)) for penalty in penalties] == [0, 0, 0]
    with pytest.raises(ValueError, match="read-only"):
        penalties[0].reference += 1


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_a_model_is_saved_with_its_reference(tmp_path, dtype):
    layer = keras.layers.Dense(2, dtype=dtype)
    layer.build((None, 2))
    layer.set_weights([START, np.zeros(2)])
    penalty = L2SP(0.5, layer.kernel)
    json.dumps(penalty.get_config())
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, kernel_regularizer=penalty)])
    model.set_weights([WEIGHTS, np.zeros(2)])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.layers[0].kernel_regularizer.reference, START)
    assert float(sum(loaded.losses)) == float(sum(model.losses)) == pytest.approx(0.75)


@pytest.mark.parametrize("dtype", [">f8", "<f8", "longdouble"])
def test_doubles_of_every_kind_keep_their_digits(dtype):
    reference = L2SP(1.0, np.array([1 + 1e-12], dtype)).reference
    assert reference.dtype == np.float64
    assert reference[0] == 1 + 1e-12


def test_training_without_data_goes_back_to_the_start():
    layer = keras.layers.Dense(2, use_bias=False, kernel_regularizer=L2SP(0.5, START))
    model = keras.Sequential([keras.Input((2,)), layer])
    model.set_weights([WEIGHTS])
    model.compile(keras.optimizers.SGD(0.5), "mse")
    model.fit(np.zeros((8, 2)), np.zeros((8, 2)), epochs=20, verbose=0)
    np.testing.assert_allclose(layer.get_weights()[0], START, atol=1e-5)


def test_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"`reference`.*of the shape \(2, 1\).*\(2, 2\)"):
        L2SP(0.1, START)(np.ones((2, 1)))


@pytest.mark.parametrize("bad", [None, "a", [[1.0], [1.0, 2.0]], object(), L2])
def test_what_is_no_array_of_numbers_is_refused(bad):
    with pytest.raises(TypeError, match="`reference`"):
        L2SP(0.1, bad)


def test_numbers_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="`reference`"):
        L2SP(0.1, [[np.nan, 1.0]])
