"""The linear ramp: its shape between the end points, and what it refuses."""

import numpy as np
import pytest

from kerasreg.schedules import Linear


def test_shape():
    values = Linear(1.0, 0.2, steps=8, begin=3).sample(20)
    expected = np.interp(np.arange(20), [3, 11], [1.0, 0.2])
    np.testing.assert_allclose(values, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"start": "a"}, TypeError),
        ({"end": float("inf")}, ValueError),
        ({"steps": 0}, ValueError),
        ({"steps": 2.5}, TypeError),
        ({"begin": -1}, ValueError),
    ],
)
def test_bad_arguments(changes, error):
    (name,) = changes
    with pytest.raises(error, match=f"argument `{name}`"):
        Linear(**{"start": 0.0, "end": 1.0, "steps": 5, **changes})
