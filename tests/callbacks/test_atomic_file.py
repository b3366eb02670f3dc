"""A file that is replaced is the old one or the new one, whatever happens meanwhile."""

import os
import signal
import subprocess
import sys
import time

import pytest

from kerasreg.callbacks._atomic_file import remove_partial, replacing


def test_the_new_file_takes_the_place_of_the_old_one(tmp_path):
    path = tmp_path / "folder" / "weights.h5"
    for text in ("old", "new"):
        with replacing(path) as partial:
            assert partial != path
            assert partial.name == path.name
            partial.write_text(text)
        assert path.read_text() == text
    assert [each.name for each in path.parent.iterdir()] == ["weights.h5"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "state.json"
    path.write_text("old")

    def fail_after_half():
        with replacing(str(path)) as partial:
            partial.write_text("half")
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        fail_after_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_replaced_when_nothing_was_written(tmp_path):
    path = tmp_path / "state.json"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), replacing(path):
        pass
    assert path.read_text() == "old"


def test_two_writers_do_not_share_a_partial_file(tmp_path):
    path = tmp_path / "state.json"
    with replacing(path) as first, replacing(path) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"


WRITER = """
import sys
sys.path.insert(0, {folder!r})
from _atomic_file import replacing
for i in range(10**6):
    with replacing({path!r}) as partial:
        with open(partial, "w") as file:
            for _ in range(50):
                file.write(str(i % 10) * 1000)
                file.flush()
"""


def test_killed_writers_leave_whole_files(tmp_path):
    """The writer is a process without Keras, so that many can be killed."""
    from kerasreg.callbacks import _atomic_file

    path = tmp_path / "numbers.txt"
    folder = os.path.dirname(_atomic_file.__file__)
    script = WRITER.format(folder=folder, path=str(path))
    left = 0
    for delay in range(10):
        process = subprocess.Popen([sys.executable, "-c", script])
        while not path.exists():
            time.sleep(0.005)
        time.sleep(0.1 + delay * 0.0037)
        process.send_signal(signal.SIGKILL)
        process.wait()
        text = path.read_text()
        assert len(text) == 50_000
        assert len(set(text)) == 1
        left += len(list(tmp_path.iterdir())) - 1
        path.unlink()
        remove_partial(path)
        assert list(tmp_path.iterdir()) == []
    assert left > 0  # some were killed while they wrote
