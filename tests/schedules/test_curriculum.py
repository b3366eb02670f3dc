"""Curriculum dropout's schedule against the paper's formula for the kept fraction."""

import numpy as np
import pytest

from kerasreg.schedules import Curriculum


def test_kept_fraction_of_the_paper():
    steps, theta = 500, 0.7
    time = np.arange(0, 600, 50)
    kept = (1 - theta) * np.exp(-10 / steps * time) + theta
    values = Curriculum(1 - theta, steps=steps).sample(time)
    np.testing.assert_allclose(1 - values, kept, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [(("a", 5), TypeError), ((0.5, 0), ValueError), ((0.5, 2.5), TypeError)],
)
def test_bad_arguments(arguments, error):
    limit, steps = arguments
    with pytest.raises(error, match="Invalid value received for argument"):
        Curriculum(limit, steps=steps)
