"""The patience rule, against a plain reading of its definition and against Keras' own callback."""

import keras
import numpy as np
import pytest

from kerasreg.callbacks.stopping.curve import Curve
from kerasreg.callbacks.stopping.patience import Patience
from kerasreg.callbacks.stopping.stopping_report import StopReason


def stop_of(rule, direction, values):
    """Returns the index of the value after which a rule stops, None if it does not."""
    curve = Curve(direction)
    for index, value in enumerate(values):
        curve.add(index, value)
        if rule.decide(curve)[0]:
            return index
    return None


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
    rule = Patience(int(rng.integers(0, 5)), float(rng.choice([0, 0.125, 0.5])), baseline)
    walk = 2 + np.cumsum(rng.integers(-3, 4, int(rng.integers(1, 30)))) / 8
    return rule, str(rng.choice(["min", "max"])), walk


def test_stops_by_definition():
    rng = np.random.default_rng(7)
    stopped = 0
    for _ in range(2000):
        rule, direction, walk = random_case(rng)
        odd = rng.choice([np.nan, np.inf, -np.inf, 0], len(walk), p=[0.1, 0.05, 0.05, 0.8])
        values = np.where(odd == 0, walk, odd).tolist()
        found = stop_of(rule, direction, values)
        assert found == stop_by_definition(rule, direction, values), (rule, direction, values)
        stopped += found is not None
    assert 400 < stopped < 1900


def test_stops_as_keras_does_on_finite_values():
    rng = np.random.default_rng(8)
    for _ in range(25):
        rule, direction, walk = random_case(rng)
        values = walk.tolist()
        expected = stop_of_keras(rule, direction, values)
        assert stop_of(rule, direction, values) == expected, (rule, direction, values)


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
    assert stop_of(Patience(2, min_delta=0.375), "min", values) is None
    assert stop_of(Patience(2, min_delta=0.75), "min", values) == 2
