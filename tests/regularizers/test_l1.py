import keras
import numpy as np
import pytest

from kerasreg.regularizers import L1

WEIGHTS = np.array([[3.0, 0.0, 1.0], [4.0, 0.0, -2.0]])


def test_value():
    assert float(L1(0.1)(WEIGHTS)) == pytest.approx(0.1 * np.abs(WEIGHTS).sum())


def test_gradient_is_the_sign(gradient):
    steps = gradient(L1(0.25), WEIGHTS)
    np.testing.assert_allclose(steps, 0.25 * np.sign(WEIGHTS), atol=1e-6)
    # At 0, any number between -0.25 and 0.25 is a subgradient.
    assert (np.abs(steps[WEIGHTS == 0]) <= 0.25).all()


def test_config_holds_the_factor_to_the_last_digit():
    assert L1(0.01).get_config() == {"l1": 0.01}
    assert L1.from_config(L1(0.1).get_config()).l1 == 0.1


def test_default_is_that_of_keras():
    assert L1().get_config() == {"l1": 0.01}
    assert isinstance(L1(), keras.regularizers.L1)


def test_half_precision_sum_does_not_overflow():
    """The sum is 131,072, and float16 ends at 65,504."""
    weights = keras.Variable(np.ones((256, 512)), dtype="float16")
    assert float(L1(0.5)(weights)) == 65536


def test_half_precision_sum_does_not_stall():
    """In bfloat16, 256 + 1 is 256."""
    weights = keras.Variable(np.ones((1, 4096)), dtype="bfloat16")
    assert float(L1(1.0)(weights)) == 4096
