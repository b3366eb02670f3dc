"""The entry point of the command line."""

import argparse
from collections.abc import Sequence

import kerasreg
from kerasreg.cli import doctor, gallery, show
from kerasreg.cli import list as list_verb

VERBS = (list_verb, show, doctor, gallery)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb and returns its exit status.

    Args:
        arguments: The words after `kerasreg`; those of the process by default.
    """
    parser = argparse.ArgumentParser(
        prog="kerasreg", description="Regularization for Keras 3, from the command line."
    )
    parser.add_argument("--version", action="version", version=f"kerasreg {kerasreg.__version__}")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    for verb in VERBS:
        verb.add_parser(verbs)
    options = parser.parse_args(arguments)
    return options.run(options)
