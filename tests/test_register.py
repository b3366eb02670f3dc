"""Registration: names are unique, and no constructor argument is lost on saving."""

import subprocess
import sys
from pathlib import Path

import keras
import pytest

from kerasreg import _register, layers, regularizers


@pytest.fixture(autouse=True)
def _restored(monkeypatch):
    monkeypatch.setattr(_register, "_classes", dict(_register._classes))


def penalty(name="Extra", module="kerasreg.regularizers.extra", **members):
    return type(name, (keras.regularizers.Regularizer,), {"__module__": module, **members})


def init(self, factor=1.0):
    self.factor = factor


def get_config(self):
    return {"factor": self.factor}


def test_a_name_is_taken_only_once_in_a_family():
    with pytest.raises(ValueError, match=r"`regularizers.L2` is already registered"):
        _register.register(penalty("L2", get_config=get_config))


def test_two_families_may_use_one_name():
    other = _register.register(penalty("L2", "kerasreg.layers.l2", get_config=get_config))
    assert keras.saving.get_registered_name(other) == "kerasreg>layers.L2"
    assert keras.saving.get_registered_name(regularizers.L2) == "kerasreg>regularizers.L2"


def test_arguments_without_an_own_config_are_refused():
    with pytest.raises(ValueError, match=r"adds constructor arguments \(factor\)"):
        _register.register(penalty(__init__=init))


def test_arguments_with_an_own_config_are_registered():
    cls = _register.register(penalty(__init__=init, get_config=get_config))
    assert cls in _register.registered()
    assert _register.public_path(cls) == "kerasreg.regularizers.Extra"
    assert _register.own_arguments(cls) == ["factor"]


def test_name_and_dtype_are_keras_own_arguments_of_every_layer():
    assert _register.own_arguments(layers.SpatialDropout2D) == ["rate", "data_format", "seed"]


def test_the_doctests_of_one_module_can_be_collected_alone():
    command = [sys.executable, "-m", "pytest", "--collect-only", "kerasreg/schedules/constant.py"]
    root = Path(__file__).parents[1]
    found = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout
    assert "kerasreg.schedules.constant.Constant" in found.stdout
