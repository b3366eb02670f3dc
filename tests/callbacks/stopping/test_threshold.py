"""A goal."""

import math

import pytest

from kerasreg.callbacks import Threshold
from kerasreg.callbacks.stopping.curve import Curve
from tests.callbacks.stopping.playing import stop_of


@pytest.mark.parametrize(
    ("direction", "values", "stop"),
    [
        ("min", [3, 2, 0.5, 0.4], 2),
        ("min", [3, 2, 0.4], 2),
        ("max", [0.1, 0.5], 1),
        ("max", [0.1, 0.6], 1),
        ("max", [0.1, math.nan, math.inf, 0.4], None),
    ],
)
def test_stops_at_the_goal(direction, values, stop):
    assert stop_of(Threshold(0.5), values, direction) == stop


def test_without_a_value_it_does_not_stop():
    assert Threshold(0.5).decide(Curve("min")) == (False, None)


@pytest.mark.parametrize(("value", "error"), [(math.nan, ValueError), (None, TypeError)])
def test_bad_arguments(value, error):
    with pytest.raises(error, match=r"argument `value`\. Expected .* \(Threshold\)\.$"):
        Threshold(value)
