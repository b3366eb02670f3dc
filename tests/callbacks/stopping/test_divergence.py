"""A worst value."""

import math

import pytest

from kerasreg.callbacks import Divergence
from kerasreg.callbacks.stopping.curve import Curve
from tests.callbacks.stopping.playing import stop_of


@pytest.mark.parametrize(
    ("direction", "values", "stop"),
    [
        ("min", [3, 10, 10.5], 2),
        ("max", [12, 10, 9.5], 2),
        ("min", [3, math.nan, math.inf, -math.inf, 4], None),
    ],
)
def test_stops_beyond_the_worst_value(direction, values, stop):
    assert stop_of(Divergence(10), values, direction) == stop


def test_without_a_value_it_does_not_stop():
    assert Divergence(10).decide(Curve("min")) == (False, None)


@pytest.mark.parametrize(("value", "error"), [(math.inf, ValueError), ("10", TypeError)])
def test_bad_arguments(value, error):
    with pytest.raises(error, match=r"argument `value`\. Expected .* \(Divergence\)\.$"):
        Divergence(value)
