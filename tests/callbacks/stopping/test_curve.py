"""The curve of a monitored value: parts of it, and what counts as better."""

import json
import math
from dataclasses import asdict

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
        curve.add(epoch, epoch / 2, step=10 * epoch, training_loss=1.0, ties=(epoch,))
    assert curve.since(0) == curve
    for part, epochs in [(curve.since(3), [3, 5]), (curve.since(4), [5]), (curve.since(6), [])]:
        assert part.epochs == epochs
        assert part.values == [epoch / 2 for epoch in epochs]
        assert part.steps == [10 * epoch for epoch in epochs]
        assert part.ties == [(epoch,) for epoch in epochs]
    assert curve.first(2).epochs == [1, 3]
    assert curve.first(9) == curve


@pytest.mark.parametrize(
    ("direction", "first", "second", "by", "better"),
    [
        ("max", (0.5, 2.0), (0.5, 1.0), 0, True),  # a tie: the lower one is ahead
        ("max", (0.5, 1.0), (0.5, 2.0), 0, False),
        ("max", (0.5, 1.0), (0.5, 1.0), 0, False),
        ("max", (0.5, 1.0), (0.6, 9.0), 0, True),
        ("max", (0.5, 2.0), (0.6, 1.0), 0.2, False),
        ("min", (0.5, 2.0), (0.5, 1.0), 0.2, True),
        ("min", (0.5, 2.0), (0.4, math.nan), 0, False),
    ],
)
def test_between_equal_values_the_next_one_decides(direction, first, second, by, better):
    curve = Curve(direction)
    for value, tie in (first, second):
        curve.add(0, value, ties=(tie,))
    assert curve.improves_at(1, 0, by) is better
    assert curve.best() == (1 if curve.improves_at(1, 0) else 0)


def test_it_comes_back_from_json():
    curve = Curve("min", seconds=1.5)
    curve.add(0, math.inf, step=3, ties=(1.0, 2.0))
    curve.add(1, 0.1, step=6, training_loss=0.3, ties=(1.0, 2.0))
    copy = Curve.from_dict(json.loads(json.dumps(asdict(curve))))
    assert repr(copy) == repr(curve)  # NaN is not equal to itself
