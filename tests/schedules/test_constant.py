"""The constant schedule refuses what is no number; its values stand in the conformance row."""

import pytest

from kerasreg.schedules import Constant


@pytest.mark.parametrize(
    ("value", "error"), [("a", TypeError), (None, TypeError), (float("nan"), ValueError)]
)
def test_bad_value(value, error):
    with pytest.raises(error, match=r"argument `value`\. Expected a finite float"):
        Constant(value)
