"""The argument validators: what they take, what they refuse, and in which words."""

import re

import numpy as np
import pytest

from kerasreg import _checks


def whole_or_fail(name, value, owner):
    return _checks.whole(name, value, owner)


class Layer:
    pass


@pytest.mark.parametrize(
    ("check", "value", "result"),
    [
        (_checks.number, 2, 2.0),
        (_checks.number, np.float32(0.5), 0.5),
        (_checks.number, np.int64(3), 3.0),
        (_checks.fraction, 0, 0.0),
        (_checks.fraction, 1, 1.0),
        (_checks.positive, 1e-30, 1e-30),
        (_checks.whole, np.int32(4), 4),
        (_checks.boolean, np.True_, True),
    ],
)
def test_accepted(check, value, result):
    checked = check("rate", value, Layer)
    assert checked == result
    assert type(checked) is type(result)


@pytest.mark.parametrize(
    ("check", "value", "error"),
    [
        (_checks.number, "1", TypeError),
        (_checks.number, None, TypeError),
        (_checks.number, True, TypeError),
        (_checks.number, [1.0], TypeError),
        (_checks.number, np.array([1.0]), TypeError),
        (_checks.number, float("nan"), ValueError),
        (_checks.number, float("inf"), ValueError),
        (_checks.number, 10**400, ValueError),
        (_checks.fraction, -0.1, ValueError),
        (_checks.fraction, 1.5, ValueError),
        (_checks.positive, 0.0, ValueError),
        (_checks.whole, 2.0, TypeError),
        (_checks.whole, -1, ValueError),
        (_checks.whole, True, TypeError),
        (_checks.whole, np.False_, TypeError),
        (_checks.boolean, 1, TypeError),
        (_checks.boolean, None, TypeError),
    ],
)
def test_refused(check, value, error):
    with pytest.raises(error, match=r"^Invalid value received for argument `rate`\. Expected "):
        check("rate", value, Layer)


@pytest.mark.parametrize("value", [0.0, 0.5, 1 - 2.0**-53])
def test_a_fraction_below_one(value):
    assert _checks.fraction_below_one("rate", value, Layer) == value
    with pytest.raises(ValueError, match="divides by 1 - rate"):
        _checks.fraction_below_one("rate", 1.0, Layer)


def test_the_sentence_names_argument_rule_value_class_and_fix():
    sentence = (
        "Invalid value received for argument `rate`. Expected a float value between 0 and 1. "
        "1 itself is refused: the formula divides by 1 - rate. Received: rate=1 (Layer)."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        _checks.fraction("rate", 1, Layer(), below_one=True)


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({}, "a finite float"),
        ({"low": 0}, "a finite, non-negative float"),
        ({"low": 2}, "a finite float of at least 2"),
        ({"high": 2}, "a finite float of at most 2"),
        ({"low": -1, "high": 1}, "a float value between -1 and 1"),
    ],
)
def test_bounds_in_words(bounds, words):
    with pytest.raises(ValueError, match=f"Expected {words}[.]"):
        _checks.number("x", float("nan"), "f", **bounds)


@pytest.mark.parametrize(
    ("bounds", "value", "words"),
    [
        ({}, -1, "an integer of at least 0"),
        ({"low": 1, "high": 3}, 4, "an integer between 1 and 3"),
        ({"low": None, "high": 3}, 4, "an integer of at most 3"),
    ],
)
def test_integer_bounds_in_words(bounds, value, words):
    with pytest.raises(ValueError, match=f"Expected {words}[.]"):
        _checks.whole("x", value, "f", **bounds)


def test_choice():
    assert _checks.choice("mode", "min", Layer, ("min", "max")) == "min"
    with pytest.raises(ValueError, match="one of 'min', 'max'"):
        _checks.choice("mode", "mni", Layer, ("min", "max"))
    with pytest.raises(ValueError, match="one of 1, 2"):
        _checks.choice("mode", True, Layer, (1, 2))


def test_instance():
    assert _checks.instance("layer", 3, Layer, int, "an int") == 3
    with pytest.raises(TypeError, match=r"Expected an int\. Build it first\. Received: layer='a'"):
        _checks.instance("layer", "a", Layer, int, "an int", fix="Build it first.")


def test_many():
    assert _checks.many("size", 3, Layer, 2, whole_or_fail) == (3, 3)
    assert _checks.many("size", [3, 4], Layer, 2, whole_or_fail) == (3, 4)
    with pytest.raises(ValueError, match="Expected 2 values"):
        _checks.many("size", (3, 4, 5), Layer, 2, whole_or_fail)
    with pytest.raises(TypeError, match="an integer"):
        _checks.many("size", (3, "4"), Layer, 2, whole_or_fail)
    with pytest.raises(TypeError, match="a tuple of 2 values"):
        _checks.many("size", 3, Layer, 2, whole_or_fail, broadcast=False)


@pytest.mark.parametrize("several", [(3, 4), [3, 4], range(3, 5)])
def test_one_or_many(several):
    assert _checks.one_or_many("size", 3, Layer, 2, whole_or_fail) == 3
    assert _checks.one_or_many("size", several, Layer, 2, whole_or_fail) == (3, 4)
    with pytest.raises(ValueError, match="Expected 3 values"):
        _checks.one_or_many("size", several, Layer, 3, whole_or_fail)
    with pytest.raises(TypeError, match="an integer"):
        _checks.one_or_many("size", "34", Layer, 2, whole_or_fail)


def test_rank():
    assert _checks.rank("input_shape", (None, 3), Layer, 2) == 2
    assert _checks.rank("input_shape", (None, 3, 4), Layer, (2, 3)) == 3
    with pytest.raises(ValueError, match="a shape of rank 3 or 4"):
        _checks.rank("input_shape", (None, 3), Layer, (3, 4))
