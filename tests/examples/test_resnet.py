"""The example of stochastic depth: it runs in short, and both kinds of pooling train."""

import argparse
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import kerasreg

SCRIPT = Path(__file__).parents[2] / "examples" / "resnet.py"


@pytest.fixture(scope="module")
def resnet():
    spec = importlib.util.spec_from_file_location("resnet", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["resnet"] = module
    spec.loader.exec_module(module)
    return module


def test_smoke():
    command = [sys.executable, SCRIPT, "--smoke"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Devices: /device:CPU:0" in done.stdout
    assert "test accuracy" in done.stdout
    assert "2 blocks" in done.stdout


def test_later_blocks_are_dropped_more_often(resnet):
    model = resnet.build((8, 8, 1), (0, 16), 10, blocks=2, last=0.5, pooling="max")
    depth = [
        layer.rate for layer in model.layers if isinstance(layer, kerasreg.layers.StochasticDepth)
    ]
    assert depth == [0.125, 0.25, 0.375, 0.5]


@pytest.mark.parametrize("pooling", ["max", "fractional"])
def test_it_learns_the_digits(resnet, pooling):
    data = kerasreg.datasets.load("digits")
    options = argparse.Namespace(images=1000, blocks=1, epochs=4, pooling=pooling)
    epochs = []
    run = resnet.train(data, 0, 0.5, options, lambda: epochs.append(1))
    assert len(epochs) == 4
    # Ten classes of 50 test images each: chance is 0.1.
    assert run.test_accuracy > 0.7
    assert run.train_accuracy > 0.7
