"""The table of cases is complete, and the docstrings hold what the documentation promises."""

import inspect

import pytest

from kerasreg._register import family, own_arguments, public_path, registered
from tests.conformance.cases import CASES

SECTIONS = {
    "layers": ("Args:", "Call arguments:", "Input shape:", "Output shape:"),
    "regularizers": ("Args:",),
    "callbacks": ("Args:",),
    "augment": ("Args:",),
    "schedules": ("Args:",),
}


def test_every_registered_class_has_a_row():
    missing = {cls.__name__ for cls in registered()} - {case.cls.__name__ for case in CASES}
    assert not missing


@pytest.mark.parametrize("case", CASES, ids=str)
def test_row_names_every_argument_at_another_value_than_the_default(case):
    parameters = inspect.signature(case.cls.__init__).parameters
    for name in own_arguments(case.cls):
        assert name in case.arguments, f"{case.cls.__name__}: no value for `{name}`"
        assert case.arguments[name] is not parameters[name].default, name


@pytest.mark.parametrize("cls", registered(), ids=lambda cls: cls.__name__)
def test_docstring_has_its_sections_in_order(cls):
    doc = inspect.getdoc(cls)
    sections = [*SECTIONS[family(cls)], "Raises:", "Example:", "Reference:"]
    positions = [doc.find(f"\n{section}") for section in sections]
    assert -1 not in positions, f"missing: {sections[positions.index(-1)]}"
    assert positions == sorted(positions)


@pytest.mark.parametrize("cls", registered(), ids=lambda cls: cls.__name__)
def test_docstring_names_every_argument_and_the_public_path(cls):
    doc = inspect.getdoc(cls)
    for name in own_arguments(cls):
        assert f"\n    {name}: " in doc, name
    assert public_path(cls) in doc[doc.index("Example:") :]
