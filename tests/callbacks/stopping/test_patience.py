"""The patience rule, against a plain reading of its definition and against Keras' own callback."""

import keras
import numpy as np
import pytest

from kerasreg.callbacks.stopping.curve import Curve
from kerasreg.callbacks.stopping.patience import Patience
from kerasreg.callbacks.stopping.stopping_report import StopReason
from tests.callbacks.stopping.playing import stop_of


def stop_by_definition(rule, direction, values):
    sign = {"min": 1, "max": -1}[direction]
    improvements, resets = [], [-1]
    for i, value in enumerate(values):
        if not np.isfinite(value):
            continue
        if improvements and not sign * value + rule.min_delta < sign * values[improvements[-1]]:
            continue
        improvements.append(i)
        if rule.baseline is None or sign * value + rule.min_delta < sign * rule.baseline:
            resets.append(i)
    for i in range(1, len(values)):
        since = i - max(reset for reset in resets if reset <= i)
        if i not in improvements and since >= rule.patience:
            return i
    return None


def stop_of_keras(rule, direction, values):
    stopper = keras.callbacks.EarlyStopping(
        "loss",
        mode=direction,
        patience=rule.patience,
        min_delta=rule.min_delta,
        baseline=rule.baseline,
    )
    stopper.set_model(keras.Sequential())
    stopper.model.stop_training = False
    stopper.on_train_begin()
    for epoch, value in enumerate(values):
        stopper.on_epoch_end(epoch, {"loss": np.float64(value)})
        if stopper.model.stop_training:
            return epoch
    return None


def random_case(rng):
    """Draws a rule and a curve in eighths, so that equal values and exact sums are common."""
    baseline = rng.choice([None, 1.0, 2.0])
    rule = Patience(int(rng.integers(0, 5)), float(rng.choice([0, 0.125, 0.5])), baseline=baseline)
    walk = 2 + np.cumsum(rng.integers(-3, 4, int(rng.integers(1, 30)))) / 8
    return rule, str(rng.choice(["min", "max"])), walk


def test_stops_by_definition():
    rng = np.random.default_rng(7)
    stopped = 0
    for _ in range(2000):
        rule, direction, walk = random_case(rng)
        odd = rng.choice([np.nan, np.inf, -np.inf, 0], len(walk), p=[0.1, 0.05, 0.05, 0.8])
        values = np.where(odd == 0, walk, odd).tolist()
        found = stop_of(rule, values, direction)
        assert found == stop_by_definition(rule, direction, values), (rule, direction, values)
        stopped += found is not None
    assert 400 < stopped < 1900


def test_stops_as_keras_does_on_finite_values():
    rng = np.random.default_rng(8)
    for _ in range(25):
        rule, direction, walk = random_case(rng)
        values = walk.tolist()
        expected = stop_of_keras(rule, direction, values)
        assert stop_of(rule, values, direction) == expected, (rule, direction, values)


@pytest.mark.parametrize(
    ("patience", "values", "waited", "stop"),
    [
        (2, [], 0, False),
        (0, [1], 0, False),
        (0, [1, 2], 1, True),
        (1, [1, 2], 1, True),
        (2, [1, 2], 1, False),
        (2, [1, 2, 2], 2, True),
        (2, [1, 2, 0.5], 0, False),
        (1, [float("nan")], 1, False),
        (1, [float("nan"), float("nan")], 2, True),
    ],
)
def test_decisions(patience, values, waited, stop):
    curve = Curve("min", list(range(len(values))), values)
    rule = Patience(patience)
    assert rule.decide(curve) == (stop, StopReason.PATIENCE if stop else None)
    assert rule.waited(curve) == waited
    assert curve.values == values


def test_a_slow_gain_adds_up_to_an_improvement():
    """The change is counted from the last improvement, not from the last value."""
    values = [1.0, 0.75, 0.5, 0.25, 0.0]
    assert stop_of(Patience(2, min_delta=0.375), values) is None
    assert stop_of(Patience(2, min_delta=0.75), values) == 2


def test_without_cumulation_every_gain_has_to_be_as_large():
    values = [1.0, 0.75, 0.5, 0.25, 0.0]
    assert stop_of(Patience(2, min_delta=0.375, cumulative=False), values) == 2
    assert stop_of(Patience(2, min_delta=0.125, cumulative=False), values) is None
    # The best is what a gain is measured from, not the last value.
    assert stop_of(Patience(2, min_delta=0.5, cumulative=False), [1.0, 0.75, 2.0]) == 2


@pytest.mark.parametrize("scale", [1.0, 1000.0, -1000.0])
def test_a_relative_change_does_not_depend_on_the_unit(scale):
    values = [scale * value for value in (1.0, 0.95, 0.91, 0.8, 0.79)]
    direction = "min" if scale > 0 else "max"
    assert stop_of(Patience(2, min_delta=0.1, relative=True), values, direction) == 2
    assert stop_of(Patience(3, min_delta=0.1, relative=True), values, direction) is None


def test_where_the_last_improvement_stands():
    curve = Curve("min", [0, 1, 2, 3], [3.0, 1.0, 0.9, 2.0])
    assert Patience(2).last_improvement(curve) == 2
    assert Patience(2, min_delta=0.5).last_improvement(curve) == 1
    assert Patience(2).last_improvement(Curve("min")) is None


def test_a_tie_is_broken_by_the_next_metric():
    values, ties = [0.5, 0.5, 0.5, 0.5], [(4.0,), (3.0,), (2.0,), (2.0,)]
    assert stop_of(Patience(1), values, ties=ties) == 3
    assert stop_of(Patience(1), values) == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"patience": -1}, ValueError),
        ({"patience": 1.5}, TypeError),
        ({"patience": 1, "min_delta": -1.0}, ValueError),
        ({"patience": 1, "relative": 1}, TypeError),
        ({"patience": 1, "cumulative": None}, TypeError),
        ({"patience": 1, "baseline": float("nan")}, ValueError),
    ],
)
def test_bad_arguments(arguments, error):
    name = list(arguments)[-1]
    with pytest.raises(error, match=rf"argument `{name}`\. Expected .* \(Patience\)\.$"):
        Patience(**arguments)
