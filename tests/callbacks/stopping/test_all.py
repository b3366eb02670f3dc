"""All criteria have to agree."""

from kerasreg.callbacks import All, GeneralizationLoss, Patience, TimeLimit
from kerasreg.callbacks.stopping.curve import Curve
from tests.callbacks.stopping.playing import stop_of


def test_all_of_them_have_to_stop_at_once():
    criterion = All([Patience(2), GeneralizationLoss(50)])
    assert stop_of(criterion, [2, 2.5, 2.6, 2.9, 3.5]) == 4
    assert stop_of(criterion, [2, 9, 1, 9]) is None


def test_the_reasons_are_joined():
    curve = Curve("min", [0, 1, 2], [2.0, 8.0, 9.0])
    reasons = "patience and generalization_loss"
    assert All([Patience(2), GeneralizationLoss(50), Patience(1)]).decide(curve) == (True, reasons)


def test_the_deadline_is_the_first():
    assert All([TimeLimit(9), TimeLimit(5)]).deadline_seconds == 5
