"""A criterion of one's own, and what every criterion can do."""

import keras
import pytest

from kerasreg.callbacks import All, Any, Criterion, EarlyStopping, GeneralizationLoss, Patience
from kerasreg.callbacks.stopping.curve import Curve
from tests.callbacks.stopping.playing import play


@keras.saving.register_keras_serializable("tests")
class After(Criterion):
    """Stops after so many values."""

    def __init__(self, count):
        self.count = count

    def decide(self, history):
        return len(history.values) >= self.count, "enough"

    def get_config(self):
        return {"count": self.count}


def test_early_stopping_asks_it():
    stopper = EarlyStopping(criterion=Any([Patience(9), After(3)]))
    play(stopper, [5, 4, 3, 2])
    assert stopper.report.reason == "enough"
    assert "Stopped after epoch 3: enough." in str(stopper.report)
    config = keras.saving.serialize_keras_object(stopper)
    copy = keras.saving.deserialize_keras_object(config)
    assert copy.criterion == Any([Patience(9), After(3)])


class Answers(After):
    """Answers without a reason, or not at all."""

    def __init__(self, answer):
        self.answer = answer

    def decide(self, history):
        return self.answer

    def get_config(self):
        return {"answer": self.answer}


@pytest.mark.parametrize("answer", [True, False, None, "stop", (True,), (True, "a", "b")], ids=str)
@pytest.mark.parametrize(
    ("join", "asking"),
    [
        (lambda each: each, "EarlyStopping"),
        (lambda e: Any([e]), "Any"),
        (lambda e: All([e]), "All"),
    ],
    ids=["alone", "any", "all"],
)
def test_an_answer_that_is_no_pair(answer, join, asking):
    stopper = EarlyStopping(criterion=join(Answers(answer)))
    with pytest.raises(TypeError, match="returns a pair, whether to stop and the reason") as error:
        play(stopper, [3, 2])
    assert f"It returned {answer!r}. Received: criterion=Answers(" in str(error.value)
    assert str(error.value).endswith(f" ({asking}).")


def test_equal_are_those_with_equal_arguments():
    assert GeneralizationLoss(5) == GeneralizationLoss(5.0)
    assert GeneralizationLoss(5) != GeneralizationLoss(6)
    assert Patience(5) != After(5)
    assert repr(GeneralizationLoss(5)) == "GeneralizationLoss(alpha=5.0)"


def test_what_is_to_be_written():
    with pytest.raises(NotImplementedError):
        Criterion().decide(Curve("min"))
    with pytest.raises(NotImplementedError):
        Criterion().get_config()
    assert Criterion().deadline_seconds is None
