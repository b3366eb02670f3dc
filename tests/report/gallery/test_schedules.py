"""The picture of schedules: all of them, called as their titles say."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from kerasreg import schedules as family_of_schedules
from kerasreg._register import family, registered
from kerasreg.report.gallery.schedules import SCHEDULES, schedules, values


def test_every_schedule_is_pictured():
    names = {cls.__name__ for cls in registered() if family(cls) == "schedules"}
    assert {type(each).__name__ for each in SCHEDULES.values()} == names


@pytest.mark.parametrize("title", SCHEDULES)
def test_titles_are_the_calls(title):
    made = eval(title, vars(family_of_schedules))
    assert made.get_config() == SCHEDULES[title].get_config()


def test_values_are_those_of_the_formulas():
    by_name = {type(each).__name__: values(each) for each in SCHEDULES.values()}
    steps = np.arange(1001)
    np.testing.assert_allclose(by_name["Linear"], 0.4 * np.minimum(steps / 800, 1), atol=1e-6)
    np.testing.assert_allclose(by_name["Curriculum"], 0.4 * (1 - np.exp(-steps / 100)), atol=1e-6)
    np.testing.assert_allclose(by_name["Constant"], 0.3, rtol=1e-6)


def test_the_picture_draws_them():
    panels = schedules().axes
    assert [panel.get_title() for panel in panels[: len(SCHEDULES)]] == list(SCHEDULES)
