"""`kerasreg list`: every technique with its class or function, file and paper."""

import argparse
import importlib
import inspect
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import rich
from rich.table import Column, Table

from kerasreg._register import PACKAGE, family, registered

FAMILIES = (
    "layers",
    "regularizers",
    "constraints",
    "losses",
    "optimizers",
    "callbacks",
    "models",
    "augment",
    "schedules",
    "report",
)
_NEEDS = {"augment": "tensorflow", "report": "matplotlib"}


@dataclass(frozen=True)
class Technique:
    """One public class or function, as a row of the table."""

    title: str
    path: str
    file: str
    paper: str


def add_parser(verbs: Any) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser("list", help="list every technique with its name, file and paper")
    parser.add_argument("--family", choices=FAMILIES, help="only this family")
    parser.add_argument("--markdown", action="store_true", help="as a Markdown table")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints the table."""
    rows = [row for row in techniques() if options.family in (None, row.path.split(".")[1])]
    if options.markdown:
        print(markdown(rows))
        return 0
    table = Table("Technique", Column("Name", no_wrap=True), "Paper")
    for row in rows:
        table.add_row(row.title, row.path, row.paper)
    rich.print(table)
    return 0


def techniques() -> list[Technique]:
    """Returns every technique, by family; without TensorFlow or matplotlib, what can be had."""
    found = []
    for name in FAMILIES:
        if name in _NEEDS and not find_spec(_NEEDS[name]):
            continue
        module = importlib.import_module(f"{PACKAGE}.{name}")
        classes = {cls.__name__: cls for cls in registered() if family(cls) == name}
        public = {each: getattr(module, each) for each in module.__all__}
        entries: dict[str, Any] = {
            each: it for each, it in public.items() if inspect.isfunction(it)
        }
        if name == "models":  # rules and functions; the classes are what these functions make
            entries |= {each: it for each, it in public.items() if each not in classes}
        else:
            entries |= classes
        found += [_technique(entries[each], f"{PACKAGE}.{name}.{each}") for each in sorted(entries)]
    return found


def markdown(rows: list[Technique]) -> str:
    """Returns the rows as a Markdown table with links to the files."""
    lines = ["| technique | name | file | paper |", "|---|---|---|---|"]
    lines += [
        f"| {row.title} | `{row.path}` | [{row.file.split('/')[-1]}]({row.file}) | {row.paper} |"
        for row in rows
    ]
    return "\n".join(lines)


def _technique(entry: Any, path: str) -> Technique:
    doc = inspect.getdoc(entry) or ""
    return Technique(
        title=doc.split("\n", 1)[0].rstrip("."),
        path=path,
        file=entry.__module__.replace(".", "/") + ".py",
        paper=_reference(doc),
    )


def _reference(doc: str) -> str:
    """Returns the first entry of a docstring's Reference section, on one line."""
    _, _, section = doc.partition("\nReference:\n")
    entry = section.strip().split("\n\n", 1)[0]
    return " ".join(entry.split()).rstrip(".")
