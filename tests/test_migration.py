"""The migration guide tells the truth: what it names exists, and its code runs."""

import ast
import inspect
import re
from pathlib import Path

import keras
import pytest

import kerasreg
from kerasreg import layers

GUIDE = (Path(__file__).parents[1] / "docs" / "migration.md").read_text()
OURS = sorted(set(re.findall(r"(?<![\w.])layers\.(\w+)", GUIDE)))


def test_the_layers_of_this_package_are_found():
    assert {"DropPath", "StochasticDepth", "linear_rates", "DropBlock2D"} <= set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_what_it_names_exists(name):
    assert name in layers.__all__


FAMILIES = "augment|callbacks|layers|models|optimizers"
CALLS = sorted(set(re.findall(rf"`((?:{FAMILIES})\.\w+\(.*?\))`", GUIDE)))


def test_calls_of_every_family_are_found():
    assert {call.split(".")[0] for call in CALLS} == set(FAMILIES.split("|"))


@pytest.mark.parametrize("call", CALLS)
def test_its_calls_have_the_arguments_that_they_name(call):
    """What stands for a value is never looked at: `rate` in `DropPath(rate=rate)` may be any."""
    if call.startswith("augment.") and keras.backend.backend() != "tensorflow":
        pytest.skip("written in TensorFlow")
    found = ast.parse(call, mode="eval").body
    ours = getattr(getattr(kerasreg, found.func.value.id), found.func.attr)
    names = {each.arg: None for each in found.keywords}
    bound = inspect.signature(ours).bind_partial(*found.args, **names).arguments
    positional = [each.id for each in found.args if isinstance(each, ast.Name)]
    named = [name for name, value in bound.items() if isinstance(value, ast.Name)]
    assert [name for name in positional if name in bound] == [
        name for name in named if name in positional
    ]


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
