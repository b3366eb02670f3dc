"""The table of cases is complete, and the docstrings hold what the documentation promises."""

import inspect

import keras
import pytest

from kerasreg._register import family, own_arguments, public_path, registered
from tests.conformance.cases import CASES

SECTIONS = {
    "layers": ("Args:", "Call arguments:", "Input shape:", "Output shape:"),
    "regularizers": ("Args:",),
    "constraints": ("Args:",),
    "losses": ("Args:",),
    "optimizers": ("Args:",),
    "models": ("Args:",),
    "callbacks": ("Args:",),
    "augment": ("Args:",),
    "schedules": ("Args:",),
}


def test_every_registered_class_has_a_row():
    missing = {cls.__name__ for cls in registered()} - {case.cls.__name__ for case in CASES}
    assert not missing


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="some values exist on TensorFlow only"
)
@pytest.mark.parametrize("cls", registered(), ids=lambda cls: cls.__name__)
def test_rows_give_every_argument_another_value_than_the_default(cls):
    parameters = inspect.signature(cls.__init__).parameters
    rows = [case.arguments for case in CASES if case.cls is cls]
    for name in own_arguments(cls):
        if family(cls) == "augment" and name == "limits":
            continue  # `test_augment.py` gives limits to every operation.
        values = [row[name] for row in rows if name in row]
        assert any(value is not parameters[name].default for value in values), name


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
