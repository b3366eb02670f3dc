import keras
import numpy as np
import pytest

from kerasreg.regularizers import L1, L2, Orthogonal, Sum

WEIGHTS = np.array([[3.0, 0.0, 1.0], [4.0, 0.0, -2.0]])


def test_value_and_gradient(gradient):
    assert float(Sum(L1(0.1), L2(0.1))(WEIGHTS)) == pytest.approx(4)
    found = gradient(Sum(L1(0.1), keras.regularizers.L2(0.1)), WEIGHTS)
    np.testing.assert_allclose(found, 0.1 * np.sign(WEIGHTS) + 0.2 * WEIGHTS, atol=1e-6)


def test_sums_of_sums_and_of_keras_own_are_saved(tmp_path):
    penalty = Sum(Sum(L1(0.1), Orthogonal(0.2)), keras.regularizers.L2(0.1))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, kernel_regularizer=penalty)])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].kernel_regularizer.get_config() == penalty.get_config()
    assert float(sum(loaded.losses)) == float(sum(model.losses)) > 0


@pytest.mark.parametrize("bad", [None, "l2", lambda w: 0.0, L1])
def test_what_is_no_regularizer_is_refused(bad):
    with pytest.raises(TypeError, match=r"`penalties`.*Keras regularizers"):
        Sum(L1(0.1), bad)


def test_a_list_is_told_to_be_arguments():
    with pytest.raises(TypeError, match=r"arguments of their own: Sum\(\*penalties\)\."):
        Sum([L1(0.1), L2(0.1)])


def test_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"`penalties`.*one regularizer or more"):
        Sum()
