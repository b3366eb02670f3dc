"""The main example: it runs in short, and regularization wins on the real data."""

import importlib.util
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import kerasreg

SCRIPT = Path(__file__).parents[2] / "examples" / "quickstart.py"


@pytest.fixture(scope="module")
def quickstart():
    spec = importlib.util.spec_from_file_location("quickstart", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["quickstart"] = module
    spec.loader.exec_module(module)
    return module


def test_smoke(tmp_path):
    command = [sys.executable, SCRIPT, "--smoke", "--figure", tmp_path / "curves.png"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "test accuracy" in done.stdout
    assert "Devices: /device:CPU:0" in done.stdout
    assert (tmp_path / "curves.png").stat().st_size > 10_000


def test_labels_are_replaced_at_the_stated_share(quickstart):
    labels = kerasreg.datasets.load("digits").train.labels
    wrong = (quickstart.noisy(labels, seed=0) != labels).mean()
    share = quickstart.WRONG_LABELS * 0.9  # one replacement in ten is the right label
    spread = (share * (1 - share) / len(labels)) ** 0.5
    assert abs(wrong - share) < 5 * spread


def test_the_regularized_network_wins_by_more_than_the_spread(quickstart):
    data = kerasreg.datasets.load("digits")
    plain, regularized = (
        [quickstart.train(data, seed, wins, 60, lambda: None) for seed in range(3)]
        for wins in (False, True)
    )
    accuracies = [[run.test_accuracy for run in runs] for runs in (plain, regularized)]
    gain = statistics.mean(accuracies[1]) - statistics.mean(accuracies[0])
    assert gain > max(map(statistics.stdev, accuracies))
    assert min(run.gap for run in plain) > max(run.gap for run in regularized)
