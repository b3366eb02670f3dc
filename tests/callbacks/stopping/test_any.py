"""The first criterion that stops decides."""

import pytest

from kerasreg.callbacks import All, Any, Divergence, Patience, Threshold, TimeLimit
from kerasreg.callbacks.stopping.curve import Curve
from tests.callbacks.stopping.playing import stop_of


def test_any_of_them_stops():
    criterion = Any([Patience(2), Threshold(0.5)])
    assert stop_of(criterion, [3, 4, 5]) == 2
    assert stop_of(criterion, [3, 0.5]) == 1
    assert stop_of(criterion, [3, 2, 1]) is None


def test_the_reason_is_that_of_the_first_in_the_list():
    curve = Curve("min", [0, 1, 2], [3.0, 20.0, 30.0])
    assert Any([Threshold(1), Divergence(10), Patience(2)]).decide(curve) == (True, "divergence")


def test_deadlines():
    assert Any([Patience(2)]).deadline_seconds is None
    assert Any([TimeLimit(9), All([TimeLimit(5), Patience(2)])]).deadline_seconds == 5


@pytest.mark.parametrize(
    ("criteria", "error"),
    [
        ([], ValueError),
        (None, TypeError),
        ("patience", TypeError),
        (Patience(2), TypeError),
        ([Patience(2), 3], TypeError),
        ([Patience], TypeError),
    ],
    ids=["empty", "none", "word", "criterion", "number", "class"],
)
@pytest.mark.parametrize("cls", [Any, All])
def test_bad_arguments(cls, criteria, error):
    with pytest.raises(error, match=r"argument `criteria`\. Expected .* \(A(ny|ll)\)\.$"):
        cls(criteria)
