"""What a report says in words."""

import pytest

from kerasreg.callbacks.stopping.stopping_report import StoppingReport, StopReason

BEST = {"best_value": 0.25, "best_epoch": 1, "epochs": (0, 1, 2), "values": (1.0, 0.25, 0.5)}


def report(**changes):
    fields = {
        "monitor": "val_loss",
        "direction": "min",
        "reason": StopReason.COMPLETED,
        "best_value": None,
        "best_epoch": None,
        "stopped_epoch": None,
        "waited": 0,
        "epochs": (),
        "values": (),
        "restored": False,
    }
    return StoppingReport(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {**BEST, "reason": StopReason.PATIENCE, "stopped_epoch": 2, "waited": 1},
            "Stopped after epoch 3: no improvement of val_loss that counts in 1 validation. "
            "Best val_loss: 0.25 in epoch 2, whose weights were not restored.",
        ),
        (
            {**BEST, "restored": True},
            "All epochs were trained. Best val_loss: 0.25 in epoch 2, whose weights were restored.",
        ),
        (
            {"reason": StopReason.INTERRUPTED},
            "The training was interrupted. "
            "val_loss had no finite value that counts: no weights were stored.",
        ),
        (
            {"reason": StopReason.ELSEWHERE, "epochs": (0,), "values": (float("nan"),)},
            "Something else stopped the training. "
            "val_loss had no finite value that counts: no weights were stored.",
        ),
        (
            {"reason": StopReason.UNFINISHED},
            "The training goes on, or ended by an exception. "
            "val_loss had no finite value that counts: no weights were stored.",
        ),
    ],
)
def test_words(changes, words):
    assert str(report(**changes)) == words


def test_a_reason_equals_its_name():
    assert report(reason=StopReason.PATIENCE).reason == "patience"
