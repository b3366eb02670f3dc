"""`kerasreg gallery`: one picture, and what it says of bad input."""

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("tensorflow")

import kerasreg.report.gallery
from kerasreg.cli.main import main


def test_writes_a_picture(tmp_path, capsys):
    out = tmp_path / "new" / "folder"
    assert main(["gallery", "--out", str(out), "--only", "schedules"]) == 0
    assert capsys.readouterr().out == f"{out / 'schedules.png'}\n"
    assert (out / "schedules.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "nonsense"], "argument `only`"),
        (["--images", "missing.png"], "files that exist"),
        (["--out", "{folder}/file"], "exists"),
        (["--out", "{folder}/file/below"], "Not a directory"),
    ],
    ids=["picture", "image", "a file as folder", "below a file"],
)
def test_bad_input_is_one_line_and_a_failure(arguments, words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert main(["gallery", *(each.format(folder=tmp_path) for each in arguments)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert words in error


def test_an_interruption_is_one_line_and_keeps_what_is_written(tmp_path, capsys, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(kerasreg.report.gallery, "write_gallery", interrupted)
    assert main(["gallery", "--out", str(tmp_path)]) == 130
    assert capsys.readouterr().err.count("\n") == 1
