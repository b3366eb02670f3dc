"""Writes the pictures and the page that shows them."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib
from PIL import Image  # matplotlib brings it

from kerasreg import _checks
from kerasreg.report.gallery._photographs import CREDITS, photographs
from kerasreg.report.gallery._pictures import PICTURES, Picture

DOTS = 100
_OWNER = "write_gallery"


def write_gallery(
    out: str | Path,
    *,
    images: Sequence[str | Path] = (),
    credit: str = "",
    only: Sequence[str] = (),
    tell: Callable[[Path], object] = print,
) -> list[Path]:
    """Pictures of what the library does, and a page that shows them.

    The page stands beside the folder, and has its name: `docs/gallery.md` for `docs/gallery`.
    Everything is drawn from fixed seeds: files differ from earlier ones where the library does.

    Args:
        out: The folder, which is made if it does not exist.
        images: Files with images that pictures of images show: the first one, and two where
            examples are mixed. They are kept small in the folder, and used again when no images are
            given. Defaults to none: what the folder keeps, or embedded digits.
        credit: Who made the images, under which licence, for the page; kept like the images.
        only: Names of the pictures to make, the page then stays; all and the page, if empty.
        tell: Called with the path of each file when it is written. Prints by default.

    Returns:
        The paths of the files.

    Raises:
        ValueError: If a name is not that of a picture, or a file not an image of 96 x 96 pixels or
            more.
        OSError: If the folder cannot be written to.

    Example:
        >>> import tempfile
        >>> from kerasreg.report.gallery import write_gallery
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     files = write_gallery(folder, only=["schedules"])
        /.../schedules.png
    """
    for name in only:
        _checks.choice("only", name, _OWNER, PICTURES)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    shown = photographs(folder, [Path(file) for file in images])
    if credit or images:
        (folder / CREDITS).write_text(f"{credit}\n" if credit else "")
    written = []
    for name, picture in PICTURES.items():
        if not only or name in only:
            file = folder / f"{name}{picture.suffix}"
            file.write_bytes(_drawn(picture, shown))
            tell(file)
            written.append(file)
    if not only:
        written.append(_write_page(folder))
        tell(written[-1])
    return written


def page(folder: str, credit: str) -> str:
    """Returns the page as Markdown.

    Args:
        folder: The folder's name.
        credit: Who made the photographs, empty where there are none.
    """
    lines = [
        "# Gallery",
        "",
        "Pictures of what the library does, made by itself: `kerasreg gallery --out DIR` makes "
        "this page anew, `--images FILE FILE` with your own images.",
    ]
    for name, picture in PICTURES.items():
        lines += ["", f"## {picture.title}", "", picture.text, ""]
        lines += [f"![{picture.title}]({folder}/{name}{picture.suffix})"]
    if credit:
        lines += ["", "## Photographs", "", credit]
    return "\n".join(lines) + "\n"


def _write_page(folder: Path) -> Path:
    credits_file = folder / CREDITS
    credit = credits_file.read_text().strip() if credits_file.exists() else ""
    file = folder.resolve().with_suffix(".md")
    file.write_text(page(folder.resolve().name, credit))
    return file


def _drawn(picture: Picture, images: list) -> bytes:
    buffer = io.BytesIO()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        figure = picture.draw(images)
        figure.savefig(buffer, format="png", dpi=DOTS)
    drawn = Image.open(buffer).convert("RGB")
    file = io.BytesIO()
    if picture.suffix == ".jpg":
        drawn.save(file, "jpeg", quality=80)
    else:
        few_colors = drawn.quantize(256, dither=Image.Dither.NONE)
        few_colors.save(file, "png", optimize=True)
    return file.getvalue()
