"""The gallery's files: made where asked, remade the same, and those of the repository complete."""

import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("tensorflow")

from matplotlib.image import imread, imsave

from kerasreg.report.gallery import write_gallery
from kerasreg.report.gallery._photographs import CREDITS, SIZE, digits, photographs, squared
from kerasreg.report.gallery._pictures import PICTURES
from kerasreg.report.gallery.write_gallery import page

DOCS = Path(__file__).parents[3] / "docs"


def test_the_committed_page_shows_exactly_the_committed_pictures():
    credit = (DOCS / "gallery" / CREDITS).read_text().strip()
    text = (DOCS / "gallery.md").read_text()
    assert text == page("gallery", credit), "renew it with `kerasreg gallery --out docs/gallery`"
    shown = re.findall(r"\]\(([^)]+)\)", text.partition("## Photographs")[0])
    made = {f"gallery/{name}{picture.suffix}" for name, picture in PICTURES.items()}
    assert set(shown) == made
    files = {file.name for file in (DOCS / "gallery").iterdir()}
    kept = {CREDITS, *(name for name in files if name.startswith("photograph-"))}
    assert files - kept == {Path(each).name for each in made}


def test_committed_photographs_name_author_and_licence():
    credit = (DOCS / "gallery" / CREDITS).read_text()
    assert re.search(r"CC.BY|creativecommons", credit)


def test_remade_pictures_are_the_same_bytes(tmp_path):
    told = []
    (first,) = write_gallery(tmp_path / "a", only=["schedules"], tell=told.append)
    (second,) = write_gallery(tmp_path / "b", only=["schedules"], tell=told.append)
    assert told == [first, second]
    assert first.read_bytes() == second.read_bytes()
    assert imread(first).shape[1] == 800
    assert not (tmp_path / "a.md").exists()


def test_given_images_are_kept_for_the_next_time(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype("uint8")
    imsave(tmp_path / "mine.png", image)
    write_gallery(tmp_path, images=[tmp_path / "mine.png"], credit="By me.", only=["schedules"])
    (kept,) = photographs(tmp_path, [])
    np.testing.assert_array_equal(kept, squared(image, Path("mine.png")))
    assert (tmp_path / CREDITS).read_text() == "By me.\n"


def test_squares_are_made_of_means():
    image = np.zeros((2 * SIZE, 2 * SIZE + 20, 3), "uint8")
    image[:, 10::2] = 100
    np.testing.assert_array_equal(squared(image, Path("x")), 50)


def test_without_images_the_digits_are_shown(tmp_path):
    for image, expected in zip(photographs(tmp_path, []), digits(), strict=True):
        np.testing.assert_array_equal(image, expected)
        assert image.shape == (SIZE, SIZE, 3)
        assert (image.min(), image.max()) == (0, 255)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "files that exist"),
        (b"no image", "files with images"),
        (b"\x89PNG\r\n\x1a\n cut", "files with images"),
        (b"", "files with images"),
    ],
    ids=["missing", "text", "corrupt", "empty"],
)
def test_files_that_are_no_images_are_refused(tmp_path, content, words):
    file = tmp_path / "mine.png"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=words):
        write_gallery(tmp_path / "out", images=[file], only=["schedules"])


def test_small_images_and_unknown_pictures_are_refused(tmp_path):
    imsave(tmp_path / "small.png", np.zeros((95, 200, 3), "uint8"))
    with pytest.raises(ValueError, match="at least 96 x 96 pixels, not 200 x 95"):
        write_gallery(tmp_path / "out", images=[tmp_path / "small.png"])
    with pytest.raises(ValueError, match="'toy_curve'"):
        write_gallery(tmp_path / "other", only=["nonsense"])
    assert not (tmp_path / "other").exists()
