"""`kerasreg list`: one row for each technique, with links that lead somewhere."""

from pathlib import Path

import pytest

from kerasreg import models
from kerasreg._register import family, public_path, registered
from kerasreg.cli.list import markdown, techniques
from kerasreg.cli.main import main

REPOSITORY = Path(__file__).parents[2]


def test_every_technique_has_a_row_with_its_file_and_paper():
    rows = {row.path: row for row in techniques()}
    classes = {public_path(cls) for cls in registered() if family(cls) != "models"}
    assert classes <= rows.keys()
    for path, row in rows.items():
        assert (REPOSITORY / row.file).exists()
        assert row.title
        if path in classes:
            assert any(character.isdigit() for character in row.paper), f"{path}: no year"


def test_every_public_function_of_a_model_has_a_row():
    rows = {row.path for row in techniques()}
    made = {cls.__name__ for cls in registered() if family(cls) == "models"}
    assert {f"kerasreg.models.{name}" for name in set(models.__all__) - made} <= rows
    assert "kerasreg.layers.linear_rates" in rows


def test_families_stand_together():
    families = [row.path.split(".")[1] for row in techniques()]
    assert families == sorted(families, key=families.index)


def test_markdown_has_one_line_a_row():
    rows = techniques()
    lines = markdown(rows).splitlines()
    assert len(lines) == len(rows) + 2
    assert all(line.count(" | ") == 3 for line in lines[2:])


@pytest.mark.parametrize("arguments", [["list"], ["list", "--markdown"]])
def test_one_family(arguments, capsys):
    assert main([*arguments, "--family", "regularizers"]) == 0
    printed = capsys.readouterr().out
    assert "L1L2" in printed
    assert "kerasreg.layers" not in printed
