from pathlib import Path

import pytest

from kerasreg.callbacks._folder import checked_folder


def test_none_and_folders_come_back_as_they_are(tmp_path):
    for folder in (None, tmp_path, str(tmp_path), tmp_path / "new" / "folder"):
        assert checked_folder("snapshot_dir", folder, "owner") is folder


@pytest.mark.parametrize("kind", [Path, str])
def test_a_file_in_its_place_is_refused_and_stays(tmp_path, kind):
    file = tmp_path / "file"
    file.write_text("content")
    with pytest.raises(ValueError, match=r"`snapshot_dir`. Expected the path of a folder, not of"):
        checked_folder("snapshot_dir", kind(file), "owner")
    assert file.read_text() == "content"


def test_what_is_no_path_is_refused():
    with pytest.raises(TypeError, match=r"`snapshot_dir`. Expected the path of a folder"):
        checked_folder("snapshot_dir", 3, "owner")
