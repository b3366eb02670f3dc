"""`kerasreg gallery`: pictures of what the library does."""

import argparse
import sys
from pathlib import Path
from typing import Any


def add_parser(verbs: Any) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser("gallery", help="make pictures of what the library does")
    parser.add_argument("--out", default="gallery", metavar="DIR", help="where (gallery)")
    parser.add_argument(
        "--images",
        nargs="+",
        default=[],
        metavar="FILE",
        help="images to show, kept in DIR for the next time; else those, or embedded digits",
    )
    parser.add_argument("--credit", default="", help="who made the images, under which licence")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these pictures only")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Writes the pictures and their page."""
    try:
        from kerasreg.report.gallery import write_gallery

        write_gallery(
            Path(options.out),
            images=options.images,
            credit=options.credit,
            only=options.only,
        )
    except (ImportError, OSError, ValueError) as refused:
        print(f"kerasreg gallery: {refused}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("kerasreg gallery: interrupted; what is written stays.", file=sys.stderr)
        return 130
    return 0
