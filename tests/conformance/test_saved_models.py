"""A model saved with any part of kerasreg opens in a process that only says `import kerasreg`."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from tests.conformance.cases import CASES, ConstraintCase, LayerCase, RegularizerCase
from tests.conformance.test_layers import data, model_of

LOAD = """
import sys
from pathlib import Path
import kerasreg
import keras, numpy as np
for path in Path(sys.argv[1]).glob("*.keras"):
    model = keras.saving.load_model(path)
    x = np.load(path.with_suffix(".x.npy"))
    np.save(path.with_suffix(".loaded.npy"), model.predict(x, verbose=0))
"""
KINDS = LayerCase | RegularizerCase | ConstraintCase
SAVED = dict(enumerate(case for case in CASES if isinstance(case, KINDS)))


def saved_model(case):
    if isinstance(case, LayerCase):
        return model_of(case), data(case)
    if isinstance(case, ConstraintCase):
        layer = keras.layers.Dense(2, kernel_constraint=case.make())
        return keras.Sequential([keras.Input((3,)), layer]), np.ones((2, 3), "float32")
    of_outputs = None if case.refers else case.make()
    layer = keras.layers.Dense(2, kernel_regularizer=case.make(), activity_regularizer=of_outputs)
    return keras.Sequential([keras.Input((3,)), layer]), np.ones((2, 3), "float32")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    for number, case in SAVED.items():
        model, x = saved_model(case)
        model.save(folder / f"{number}.keras")
        np.save(folder / f"{number}.x.npy", x)
        np.save(folder / f"{number}.saved.npy", model.predict(x, verbose=0))
    subprocess.run([sys.executable, "-c", LOAD, folder], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("number", SAVED, ids=lambda number: str(SAVED[number]))
def test_loaded_model_predicts_the_same(folder, number):
    expected = np.load(folder / f"{number}.saved.npy")
    np.testing.assert_allclose(np.load(folder / f"{number}.loaded.npy"), expected, rtol=1e-6)
