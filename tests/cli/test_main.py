"""The entry point: what it prints, and how it ends."""

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

import kerasreg
from kerasreg.cli.main import main


def test_version(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"kerasreg {kerasreg.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["nonsense"]])
def test_a_missing_or_unknown_verb_is_a_usage_error(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: kerasreg" in capsys.readouterr().err


def test_console_script_is_installed():
    (script,) = entry_points(group="console_scripts", name="kerasreg")
    assert script.load() is main


def test_runs_as_a_process():
    code = "from kerasreg.cli.main import main; raise SystemExit(main(['list']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "ElasticNet" in done.stdout
