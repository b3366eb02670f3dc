"""The curve of a monitored value: parts of it, and what counts as better."""

import math

import pytest

from kerasreg.callbacks.stopping.curve import Curve


@pytest.mark.parametrize(
    ("direction", "value", "reference", "by", "better"),
    [
        ("min", 1, 2, 0, True),
        ("min", 2, 2, 0, False),
        ("min", 1, 2, 1, False),
        ("min", 1, 2, 0.5, True),
        ("max", 2, 1, 0, True),
        ("max", 1, 2, 0, False),
        ("max", 2, 1, 1, False),
        ("min", 1, None, 9, True),
        ("min", math.nan, None, 0, False),
        ("max", math.nan, 1, 0, False),
        ("max", math.inf, 1, 0, False),
        ("min", -math.inf, 1, 0, False),
    ],
)
def test_better(direction, value, reference, by, better):
    assert Curve(direction).improves(value, reference, by) is better


def test_part_of_a_curve():
    curve = Curve("max")
    for epoch in (1, 3, 5):
        curve.add(epoch, epoch / 2)
    assert curve.since(0) == curve
    assert curve.since(3) == Curve("max", [3, 5], [1.5, 2.5])
    assert curve.since(4) == Curve("max", [5], [2.5])
    assert curve.since(6) == Curve("max")
