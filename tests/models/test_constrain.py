import keras
import numpy as np
import pytest
from keras import layers, ops

from kerasreg.models import Constrain, regularize


def model():
    kernel = np.array([[3.0, -0.5], [4.0, 0.0]], "float32")
    dense = layers.Dense(2, kernel_initializer=keras.initializers.Constant(kernel), name="dense")
    return keras.Sequential([keras.Input((2,)), dense])


def test_it_holds_after_each_step_and_not_before():
    new = regularize(model(), Constrain(keras.constraints.MaxNorm(1.0)), show=False)
    dense = new.layers[0]
    old = ops.convert_to_numpy(dense.kernel.value)
    assert old[0, 0] == 3.0
    new.compile(keras.optimizers.SGD(0.0), "mse")
    new.fit(np.zeros((1, 2), "float32"), np.zeros((1, 2), "float32"), verbose=0)
    expected = np.array([[0.6, -0.5], [0.8, 0.0]])
    np.testing.assert_allclose(ops.convert_to_numpy(dense.kernel.value), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "weight", "argument"),
    [
        ({}, "dense/kernel", "kernel_constraint"),
        ({"weights": "bias"}, "dense/bias", "bias_constraint"),
    ],
)
def test_what_is_meant(arguments, weight, argument):
    rule = Constrain("non_neg", **arguments)
    (change,) = rule.changes(model(), rule)
    assert (change.path, change.kind, change.what) == (weight, "constraint", "NonNeg()")
    config = regularize(model(), rule, show=False).layers[0].get_config()
    assert config[argument]["class_name"] == "NonNeg"


def test_in_words():
    assert Constrain("max_norm").changes(model(), "")[0].what == "MaxNorm(max_value=2, axis=0)"


class NoConfig(keras.constraints.Constraint):
    def get_config(self):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"constraint": "positive"}, ValueError, "constraint"),
        ({"constraint": None}, TypeError, "constraint"),
        ({"constraint": 3.0}, TypeError, "constraint"),
        ({"constraint": keras.constraints.MaxNorm}, TypeError, "constraint"),
        ({"constraint": "l2"}, ValueError, "constraint"),
        ({"constraint": lambda weight: weight}, TypeError, "constraint"),
        ({"constraint": NoConfig()}, ValueError, "constraint"),
        ({"weights": 1.0}, TypeError, "weights"),
        ({"rank": True}, TypeError, "rank"),
    ],
)
def test_bad_arguments(arguments, error, name):
    with pytest.raises(error, match=rf"argument `{name}`.* \(Constrain\)\.$"):
        Constrain(**{"constraint": "non_neg", **arguments})


def test_nothing_is_meant():
    rule = Constrain("non_neg", "desne")
    with pytest.raises(ValueError, match=r"`where`.*'dense'.* \(Constrain\)\.$"):
        rule.changes(model(), rule)
