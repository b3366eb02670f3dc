"""PQ: the progress of the definition, and when it stops."""

import math

import pytest

from kerasreg.callbacks import ProgressQuotient
from kerasreg.callbacks.stopping.curve import Curve
from tests.callbacks.stopping.playing import stop_of
from tests.callbacks.stopping.prechelt import TRAINING, VALIDATION


@pytest.mark.parametrize(
    ("end", "progress"), [(5, 185.7143), (10, 66.66667), (15, 12.36364), (20, 3.669725)]
)
def test_progress(end, progress):
    curve = Curve("min", list(range(end)), VALIDATION[:end], training_losses=TRAINING[:end])
    assert ProgressQuotient(1)._progress(curve) == pytest.approx(progress, rel=1e-6)


@pytest.mark.parametrize(("alpha", "epoch"), [(0.05, 15), (0.5, 20), (1.5, 20), (3.1, None)])
def test_stops_after_the_epoch(alpha, epoch):
    found = stop_of(ProgressQuotient(alpha), VALIDATION, training_loss=TRAINING)
    assert found == (None if epoch is None else epoch - 1)


def test_without_progress_a_rise_stops_and_nothing_else_does():
    criterion = ProgressQuotient(3, strip=2)
    assert stop_of(criterion, [1.0, 1.001], training_loss=[0.5, 0.5]) == 1
    assert stop_of(criterion, [1.0, 1.0], training_loss=[0.5, 0.5]) is None


def test_values_that_are_not_finite_do_not_stop():
    criterion = ProgressQuotient(0.1, strip=2)
    assert stop_of(criterion, [1.0, math.nan], training_loss=[0.5, 0.5]) is None
    assert stop_of(criterion, [1.0, 2.0], training_loss=[0.5, math.nan]) is None
    assert criterion.decide(Curve("min")) == (False, None)


@pytest.mark.parametrize("losses", [[math.nan, math.nan], [0.5, 0.0], [0.5, -1.0]])
def test_it_needs_a_training_loss_above_zero(losses):
    with pytest.raises(ValueError, match=r"`history`. Expected a training loss above 0"):
        stop_of(ProgressQuotient(1, strip=2), [1.0, 2.0], training_loss=losses)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"alpha": 0}, ValueError),
        ({"alpha": None}, TypeError),
        ({"alpha": 1, "strip": 0}, ValueError),
        ({"alpha": 1, "strip": 5.0}, TypeError),
    ],
)
def test_bad_arguments(arguments, error):
    name = list(arguments)[-1]
    with pytest.raises(error, match=rf"argument `{name}`\. Expected .* \(ProgressQuotient\)\.$"):
        ProgressQuotient(**arguments)
