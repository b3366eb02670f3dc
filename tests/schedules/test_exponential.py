"""The exponential ramp: equal factors in equal times, and end points above 0."""

import numpy as np
import pytest

from kerasreg.schedules import Exponential


def test_equal_factors():
    values = Exponential(1.0, 1e-3, steps=6, begin=2).sample(8)
    np.testing.assert_allclose(values[3:] / values[2:-1], 10**-0.5, rtol=1e-5)


@pytest.mark.parametrize("name", ["start", "end"])
@pytest.mark.parametrize("value", [0.0, -1.0])
def test_end_points_are_above_zero(name, value):
    with pytest.raises(ValueError, match=f"argument `{name}`. Expected a finite float above 0"):
        Exponential(**{"start": 1.0, "end": 1.0, "steps": 5, name: value})
