"""What every schedule can do, on one that a user writes."""

import keras
import numpy as np
import pytest

from kerasreg import _checks
from kerasreg.schedules import Linear, Schedule
from kerasreg.schedules._strength import saved_strength, strength, strength_at


@keras.saving.register_keras_serializable("tests")
class Doubling(Schedule):
    def __init__(self, start):
        self.start = start

    def __call__(self, step):
        return keras.ops.cast(self.start * 2 ** keras.ops.cast(step, "float32"), "float32")

    def bounds(self):
        return self.start, float("inf")

    def get_config(self):
        return {"start": self.start}


def test_sample_takes_a_number_of_steps_or_the_steps():
    np.testing.assert_array_equal(Doubling(1.0).sample(3), [1, 2, 4])
    np.testing.assert_array_equal(Doubling(1.0).sample([5, 0]), [32, 1])


def test_equal_by_type_and_arguments():
    assert Doubling(1.0) == Doubling(1.0)
    assert Doubling(1.0) != Doubling(2.0)
    assert Linear(0.0, 1.0, steps=2) != Doubling(0.0)
    assert len({Doubling(1.0), Doubling(1.0), Doubling(2.0)}) == 2


def test_a_strength_is_a_number_or_a_schedule_within_bounds():
    ramp = Linear(0.0, 0.5, steps=10)
    assert strength("rate", 0.5, "Layer", _checks.fraction) == 0.5
    assert strength("rate", ramp, "Layer", _checks.fraction) is ramp
    with pytest.raises(ValueError, match=r"between 0 and 1\. Received: rate=1\.5 \(Layer\)"):
        strength("rate", Linear(0.0, 1.5, steps=10), "Layer", _checks.fraction)
    with pytest.raises(ValueError, match="rate=inf"):
        strength("rate", Doubling(0.5), "Layer", _checks.fraction)


def test_a_bound_that_float32_rounds_to_a_value_that_is_refused():
    near_one = Linear(0.0, 1 - 1e-9, steps=10)
    assert float(near_one(10)) == 1
    with pytest.raises(ValueError, match=r"divides by 1 - rate.*rate=1\.0 \(Layer\)"):
        strength("rate", near_one, "Layer", _checks.fraction_below_one)
    largest = Linear(0.0, 1 - 2.0**-24, steps=10)
    assert strength("rate", largest, "Layer", _checks.fraction_below_one) is largest
    with pytest.raises(ValueError, match="rate=inf"):
        strength("rate", Linear(0.0, 1e300, steps=10), "Layer", _checks.number)


@pytest.mark.parametrize("value", [0.5, Linear(0.0, 0.5, steps=10), Doubling(0.0)])
def test_a_saved_strength_comes_back(value):
    saved = saved_strength(value)
    assert strength("rate", saved, "Layer", lambda name, value, owner: value) == value


def test_strength_at_a_step():
    assert strength_at(0.5, 7) == 0.5
    assert float(strength_at(Linear(0.0, 1.0, steps=10), 7)) == pytest.approx(0.7)
