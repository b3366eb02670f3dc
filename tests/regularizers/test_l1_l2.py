import keras
import numpy as np
import pytest

from kerasreg.regularizers import L1, L1L2, L2

WEIGHTS = np.array([[3.0, 0.0, 1.0], [4.0, 0.0, -2.0]])


def test_value():
    assert float(L1L2(l1=0.01, l2=0.02)(WEIGHTS)) == pytest.approx(0.7)


def test_gradient_is_the_sum_of_both(gradient):
    steps = gradient(L1L2(l1=0.25, l2=0.5), WEIGHTS)
    np.testing.assert_allclose(steps, 0.25 * np.sign(WEIGHTS) + WEIGHTS, atol=1e-6)
    assert np.isfinite(steps).all()


@pytest.mark.parametrize(
    ("both", "one"),
    [(L1L2(l1=0.3), L1(0.3)), (L1L2(l2=0.3), L2(0.3)), (L1L2(0.3), L1(0.3)), (L1L2(), L2(0.0))],
)
def test_one_factor_alone(both, one):
    assert float(both(WEIGHTS)) == float(one(WEIGHTS))


def test_config_holds_the_factors_to_the_last_digit():
    config = L1L2(l1=0.01, l2=0.1).get_config()
    assert config == {"l1": 0.01, "l2": 0.1}
    assert L1L2.from_config(config).get_config() == config


def test_defaults_are_those_of_keras():
    assert L1L2().get_config() == {"l1": 0.0, "l2": 0.0}
    assert isinstance(L1L2(), keras.regularizers.L1L2)


def test_half_precision_sums_do_not_overflow():
    weights = keras.Variable(np.full((256, 512), 2.0), dtype="float16")
    assert float(L1L2(l1=0.5, l2=0.25)(weights)) == 0.5 * 262144 + 0.25 * 524288
