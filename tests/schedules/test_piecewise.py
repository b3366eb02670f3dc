"""The staircase: which value holds at a boundary, and what it refuses."""

import numpy as np
import pytest

from kerasreg.schedules import Piecewise


def test_the_later_value_holds_at_the_boundary():
    np.testing.assert_allclose(Piecewise([1, 3], [3.0, 2.0, 1.0]).sample(5), [3, 2, 2, 1, 1])


@pytest.mark.parametrize(
    ("boundaries", "values", "error", "name"),
    [
        (3, [1.0, 2.0], TypeError, "boundaries"),
        ([], [1.0], ValueError, "boundaries"),
        ([3, 3], [1.0, 2.0, 3.0], ValueError, "boundaries"),
        ([0], [1.0, 2.0], ValueError, "boundaries"),
        ([1.5], [1.0, 2.0], TypeError, "boundaries"),
        ([3], [1.0], ValueError, "values"),
        ([3], 1.0, TypeError, "values"),
        ([3], [1.0, "a"], TypeError, "values"),
    ],
)
def test_bad_arguments(boundaries, values, error, name):
    with pytest.raises(error, match=f"argument `{name}`"):
        Piecewise(boundaries, values)
