"""The example of early stopping on wrong labels: it runs in short, and its noise is as it says."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import kerasreg

SCRIPT = Path(__file__).parents[2] / "examples" / "early_stopping_noisy_labels.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("early_stopping_noisy_labels", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["early_stopping_noisy_labels"] = module
    spec.loader.exec_module(module)
    return module


def test_smoke(tmp_path):
    figure = tmp_path / "figure.png"
    command = [sys.executable, SCRIPT, "--smoke", "--figure", figure]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for method in ("no stopping", "Keras", "GL", "PQ", "refit, restart", "refit, continue"):
        assert f"│ {method} " in done.stdout
    assert "Change in test accuracy against no stopping: Keras " in done.stdout
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_wrong_labels_are_other_classes_each_as_often(example):
    n, classes = 9000, 10
    labels = np.arange(n) % classes
    noisy = example.noisy(labels, classes, seed=3)
    moved = (noisy - labels) % classes
    share, of_each = np.mean(moved > 0), 0.4 / (classes - 1)
    assert abs(share - 0.4) < 5 * np.sqrt(0.4 * 0.6 / n)
    shares = np.bincount(moved, minlength=classes)[1:] / n
    assert np.all(np.abs(shares - of_each) < 5 * np.sqrt(of_each * (1 - of_each) / n))
    np.testing.assert_array_equal(noisy, example.noisy(labels, classes, seed=3))
    assert np.any(noisy != example.noisy(labels, classes, seed=4))


def test_the_labels_of_the_test_are_right(example):
    data = kerasreg.datasets.load("digits")
    task = example.make_task(data, 200, epochs=1, seed=0)
    np.testing.assert_array_equal(task.test[1], data.test.labels)
    assert len(task.train[1]) == 200
    assert 0.2 < np.mean(task.train[1] != data.train.labels[:200]) < 0.6
    held_out = len(task.validation[1])
    assert 0.1 < np.mean(task.validation[1] != data.validation.labels[:held_out]) < 0.8
