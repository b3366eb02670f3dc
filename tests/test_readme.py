"""The README tells the truth: its table is the registry's, and its code runs."""

import re
from pathlib import Path

import pytest

from kerasreg.cli.list import markdown, techniques

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text()


def test_table_of_techniques_is_up_to_date():
    begin, end = "<!-- techniques: begin -->\n", "<!-- techniques: end -->"
    table = README[README.index(begin) + len(begin) : README.index(end)].strip()
    assert table == markdown(techniques()), "renew it with `kerasreg list --markdown`"


def test_links_to_files_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (REPOSITORY / target).exists(), target


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_python_blocks_run(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
