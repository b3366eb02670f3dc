"""The migration guide tells the truth: what it names exists, and its code runs."""

import re
from pathlib import Path

import keras
import pytest

from kerasreg import layers

GUIDE = (Path(__file__).parents[1] / "docs" / "migration.md").read_text()
OURS = sorted(set(re.findall(r"(?<![\w.])layers\.(\w+)", GUIDE)))


def test_the_layers_of_this_package_are_found():
    assert {"DropPath", "StochasticDepth", "linear_rates", "DropBlock2D"} <= set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_what_it_names_exists(name):
    assert name in layers.__all__


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`keras\.layers\.(\w+)", GUIDE))))
def test_what_it_says_keras_has_is_there(name):
    assert hasattr(keras.layers, name)


def test_its_code_prints_what_it_says(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    exec(compile(code, "migration.md", "exec"), {"__name__": "migration"})
    promised = " ".join(line[2:] for line in code.splitlines() if line.startswith("# "))
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.startswith(promised.removesuffix("..."))


@pytest.mark.parametrize(("scaling", "trained", "tested"), [("inference", 1, 0.5), ("train", 2, 1)])
def test_the_forms_are_those_of_its_table(scaling, trained, tested):
    layer = layers.StochasticDepth(0.5, seed=0, scaling=scaling)
    zeros, ones = keras.ops.zeros((1, 1)), keras.ops.ones((1, 1))
    kept = {float(layer([zeros, ones], training=True)[0, 0]) for _ in range(9)}
    assert kept == {0.0, float(trained)}
    assert float(layer([zeros, ones])[0, 0]) == tested
