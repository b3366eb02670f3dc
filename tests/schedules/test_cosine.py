"""The cosine ramp: its shape between the end points, and what it refuses."""

import numpy as np
import pytest

from kerasreg.schedules import Cosine


def test_shape():
    values = Cosine(1.0, 0.2, steps=8, begin=3).sample(20)
    angle = np.clip((np.arange(20) - 3) / 8, 0, 1) * np.pi
    np.testing.assert_allclose(values, 0.6 + 0.4 * np.cos(angle), rtol=1e-6)


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
        Cosine(**{"start": 0.0, "end": 1.0, "steps": 5, **changes})
