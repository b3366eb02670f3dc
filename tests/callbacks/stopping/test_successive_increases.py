"""UP: strips that rise one after the other."""

import math

import numpy as np
import pytest

from kerasreg.callbacks import SuccessiveIncreases
from tests.callbacks.stopping.playing import stop_of
from tests.callbacks.stopping.prechelt import VALIDATION


@pytest.mark.parametrize(("successive", "epoch"), [(1, 15), (2, 20), (3, None)])
def test_stops_after_the_epoch(successive, epoch):
    """At the ends of the strips the validation error is 0.85, 0.812, 0.85 and 0.9."""
    found = stop_of(SuccessiveIncreases(successive), VALIDATION)
    assert found == (None if epoch is None else epoch - 1)


def stops_by_definition(s, k, values, t):
    """UP_s stops at t, counted from 1."""
    if t % k or t - k < 1 or not values[t - 1] > values[t - k - 1]:
        return False
    return s == 1 or stops_by_definition(s - 1, k, values, t - k)


@pytest.mark.parametrize("direction", ["min", "max"])
def test_stops_by_the_recursive_definition(direction):
    rng = np.random.default_rng(3)
    for _ in range(300):
        s, k = int(rng.integers(1, 4)), int(rng.integers(1, 4))
        values = rng.integers(0, 6, 24).astype(float).tolist()
        ends = [t for t in range(1, 25) if stops_by_definition(s, k, values, t)]
        oriented = values if direction == "min" else [-value for value in values]
        found = stop_of(SuccessiveIncreases(s, strip=k), oriented, direction)
        assert found == (ends[0] - 1 if ends else None)


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_breaks_the_row(odd):
    assert stop_of(SuccessiveIncreases(2, strip=1), [1.0, 2.0, odd, 3.0, 4.0]) is None
    assert stop_of(SuccessiveIncreases(2, strip=1), [odd, 1.0, 2.0, 3.0]) == 3


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"successive": 0}, ValueError),
        ({"successive": 1.0}, TypeError),
        ({"successive": 1, "strip": 0}, ValueError),
    ],
)
def test_bad_arguments(arguments, error):
    name = list(arguments)[-1]
    with pytest.raises(error, match=rf"argument `{name}`\. Expected .* \(SuccessiveIncreases\)\.$"):
        SuccessiveIncreases(**arguments)
