"""The example of tied weights: it runs in short, and tying halves the kernels at no great cost."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import kerasreg

SCRIPT = Path(__file__).parents[2] / "examples" / "tied_autoencoder.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("tied_autoencoder", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["tied_autoencoder"] = module
    spec.loader.exec_module(module)
    return module


def test_smoke(tmp_path):
    command = [sys.executable, SCRIPT, "--smoke", "--figure", tmp_path / "picture.png"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Devices: /device:CPU:0" in done.stdout
    assert "Tied: 50% of the kernel weights" in done.stdout
    assert (tmp_path / "picture.png").stat().st_size > 10_000


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (12, 8, 3)])
def test_tied_and_untied_have_the_same_shapes_and_biases(example, shape):
    tied, untied = (example.build(shape, 12, tied) for tied in (True, False))
    assert tied.output_shape == untied.output_shape == (None, *shape)

    def sizes(model, rank):
        return sorted(tuple(w.shape) for w in model.weights if (len(w.shape) == 1) == (rank == 1))

    assert sizes(tied, rank=1) == sizes(untied, rank=1)
    count = [sum(np.prod(size) for size in sizes(model, rank=2)) for model in (tied, untied)]
    assert 2 * count[0] == count[1]


def test_the_tied_autoencoder_learns_the_digits(example):
    data = kerasreg.datasets.load("digits")
    images, test_images = (
        example.pixels(split.images, data.value_range) for split in (data.train, data.test)
    )
    assert (images.min(), images.max()) == (0, 1)
    settings = {"code": 12, "epochs": 20, "advance": lambda: None}
    run = example.train(images, test_images, 0, True, **settings)
    always_the_mean = np.mean((test_images - images.mean(0)) ** 2)
    assert run.test_error < 0.5 * always_the_mean
