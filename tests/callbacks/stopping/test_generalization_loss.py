"""GL: the values of the definition, and when it stops."""

import math

import pytest

from kerasreg.callbacks import GeneralizationLoss
from kerasreg.callbacks.stopping._generalization_loss import generalization_loss
from kerasreg.callbacks.stopping.curve import Curve
from tests.callbacks.stopping.playing import stop_of
from tests.callbacks.stopping.prechelt import VALIDATION

# 100 (E / 0.81 - 1) from the tenth value on.
RISING = [0.2469136, 0.617284, 1.234568, 2.469136, 3.703704, 4.938272, 6.17284, 7.407407]
RISING += [8.641975, 9.876543, 11.11111]


def test_values():
    for count in range(1, 21):
        curve = Curve("min", list(range(count)), VALIDATION[:count])
        expected = ([0.0] * 9 + RISING)[count - 1]
        assert generalization_loss(curve, "test") == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("alpha", "epoch"), [(1, 12), (2, 13), (5, 16), (20, None)])
def test_stops_after_the_epoch(alpha, epoch):
    found = stop_of(GeneralizationLoss(alpha), VALIDATION)
    assert found == (None if epoch is None else epoch - 1)


def test_a_value_that_is_not_finite_neither_stops_nor_is_the_lowest():
    assert stop_of(GeneralizationLoss(5), [1.0, math.nan, math.inf, -math.inf, 1.04, 1.06]) == 5
    assert stop_of(GeneralizationLoss(5), [math.nan, 1.0]) is None
    assert GeneralizationLoss(5).decide(Curve("min")) == (False, None)


@pytest.mark.parametrize(
    ("direction", "values"), [("max", [0.5]), ("min", [1.0, 0.0]), ("min", [-1.0])]
)
def test_it_is_defined_for_positive_errors_only(direction, values):
    with pytest.raises(
        ValueError, match=r"`history`. Expected values to be minimised that are above"
    ):
        stop_of(GeneralizationLoss(5), values, direction)


@pytest.mark.parametrize(("alpha", "error"), [(0, ValueError), (-1, ValueError), ("5", TypeError)])
def test_bad_arguments(alpha, error):
    with pytest.raises(error, match=r"argument `alpha`\. Expected .* \(GeneralizationLoss\)\.$"):
        GeneralizationLoss(alpha)
