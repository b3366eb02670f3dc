"""`kerasreg show NAME`: the signature, formula, file and paper of one technique."""

import argparse
import difflib
import importlib
import inspect
import re
import sys
from typing import Any

import rich
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kerasreg.cli.list import Technique, techniques

_DIFFERENCE = ("Differs", "No known difference", "No difference")
_NEAR = 5


def add_parser(verbs: Any) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser(
        "show", help="show the signature, formula, file and paper of one technique"
    )
    parser.add_argument(
        "name",
        nargs="+",
        metavar="NAME",
        help="case and underscores do not count; layers.NAME where two families have the name",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints the technique; where nothing has the name, the names that are near."""
    name = " ".join(options.name)
    rows = techniques()
    matches = found(name, rows)
    if not matches:
        names = ", ".join(near(name, rows))
        hint = f"Near it: {names}." if names else "`kerasreg list` has every name."
        print(f"kerasreg show: there is no technique {name!r}. {hint}", file=sys.stderr)
        return 1
    for row in matches:
        _print(row)
    return 0


def found(name: str, rows: list[Technique]) -> list[Technique]:
    """Returns the techniques of a name, which may stand with its family or without its dimension.

    `dropblock` is `DropBlock1D`, `DropBlock2D` and `DropBlock3D`.
    """
    family, _, own = name.lower().removeprefix("kerasreg.").rpartition(".")
    here = [row for row in rows if family in ("", row.path.split(".")[1])]
    own = _plain(own)
    whole = [row for row in here if _plain(_name(row)) == own]
    return whole or [row for row in here if re.fullmatch(own + "[123]d", _plain(_name(row)))]


def near(name: str, rows: list[Technique]) -> list[str]:
    """Returns the names that look like a name, then those whose title speaks of it."""
    own = _plain(name.rpartition(".")[2])
    names = {_plain(_name(row)): _name(row) for row in rows}
    alike = [names[each] for each in difflib.get_close_matches(own, names, n=_NEAR)]
    part = [_name(row) for row in rows if len(own) > 2 and own in _plain(_name(row) + row.title)]
    return list(dict.fromkeys([*alike, *part]))[:_NEAR]


def signature(row: Technique) -> str:
    """Returns the call of a technique, without the kinds of its arguments."""
    given = inspect.signature(_entry(row))
    bare = [each.replace(annotation=each.empty) for each in given.parameters.values()]
    call = f"{row.path}{given.replace(parameters=bare, return_annotation=given.empty)}"
    return re.sub(r"<[^<>]*\b([A-Za-z_]\w*) at 0x[0-9a-f]+>", r"\1", call)


def formulas(row: Technique) -> list[str]:
    """Returns the formulas that a docstring states, without those of where it differs."""
    text = "\n\n".join(
        each for each in _description(row).split("\n\n") if not each.startswith(_DIFFERENCE)
    )
    stated = re.findall(r"^ {4}(?=\w)(.+ = .+)$|`([^`]+)`", text, re.MULTILINE)
    quoted = [" ".join("".join(each).split()) for each in stated]
    return [each for each in dict.fromkeys(quoted) if _is_formula(each)]


def _is_formula(text: str) -> bool:
    left, equals, right = text.partition(" = ")
    if equals:  # an attribute that is set, or an identity, says nothing
        return "." not in left and right != "x" and bool(re.search(r"[-+*/^(\[]", right[1:]))
    return bool(re.search(r"\bsum[_ (]|\^|\*\*", text))


def _print(row: Technique) -> None:
    table = Table.grid(padding=(0, 2))
    lines = {
        "signature": signature(row),
        "formula": "\n".join(formulas(row)),
        "file": row.file,
        "paper": row.paper,
    }
    for heading, line in lines.items():
        if line:
            table.add_row(Text(heading, style="bold"), Text(line))
    rich.print(Text(row.title, style="bold green"))
    rich.print(Padding(table, (1, 0, 1, 2)))
    text = Text(_description(row))
    text.highlight_regex(r"`[^`]+`", "cyan")
    rich.print(Padding(text, (0, 0, 1, 2)))


def _description(row: Technique) -> str:
    """Returns what stands between a docstring's first line and its first section, unwrapped."""
    _, _, rest = (inspect.getdoc(_entry(row)) or "").partition("\n")
    text = re.split(r"\n(?:Args|Returns|Raises|Example|Reference|Yields):\n", rest)[0]
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(
        each if re.search(r"^[-*\s]", each, re.MULTILINE) else " ".join(each.split())
        for each in paragraphs
    )


def _entry(row: Technique) -> Any:
    module, _, name = row.path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _name(row: Technique) -> str:
    return row.path.rpartition(".")[2]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
