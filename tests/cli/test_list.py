"""`kerasreg list`: one row for each technique, with links that lead somewhere."""

from pathlib import Path

import pytest

from kerasreg._register import public_path, registered
from kerasreg.cli.list import markdown, techniques
from kerasreg.cli.main import main

REPOSITORY = Path(__file__).parents[2]


def test_every_technique_has_a_row_with_its_file_and_paper():
    rows = techniques()
    assert {row.path for row in rows} == {public_path(cls) for cls in registered()}
    for row in rows:
        assert (REPOSITORY / row.file).exists()
        assert row.title
        assert any(character.isdigit() for character in row.paper), f"{row.path}: no year"


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
