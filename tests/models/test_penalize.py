import re

import keras
import pytest
from keras import layers

from kerasreg.models import Penalize, regularize
from kerasreg.regularizers import L1, L2


@pytest.fixture(scope="module")
def model():
    inputs = keras.Input((6, 6, 2))
    x = layers.Conv2D(2, 2, name="stem")(inputs)
    inner = [keras.Input((5, 5, 2)), layers.SeparableConv2D(2, 2, name="conv"), layers.Flatten()]
    x = keras.Sequential([*inner, layers.Dense(3, name="fc")], name="encoder")(x)
    x = layers.Reshape((3, 1))(layers.LayerNormalization(name="norm")(x))
    return keras.Model(inputs, layers.LSTM(2, name="lstm")(x))


def paths(rule, model):
    return [change.path for change in rule.changes(model, rule)]


STEM = "stem/kernel"
CONV = ["encoder/conv/depthwise_kernel", "encoder/conv/pointwise_kernel"]
FC = "encoder/fc/kernel"
LSTM = ["lstm/lstm_cell/kernel", "lstm/lstm_cell/recurrent_kernel"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [STEM, *CONV, FC, *LSTM]),
        ({"where": "encoder"}, [*CONV, FC]),
        ({"where": "encoder/*"}, [*CONV, FC]),
        ({"where": re.compile("^(stem|encoder/fc)$")}, [STEM, FC]),
        ({"where": layers.LSTM}, LSTM),
        ({"where": [layers.Dense, "stem"]}, [STEM, FC]),
        ({"where": lambda layer: getattr(layer, "units", 0) == 3}, [FC]),
        ({"rank": 2}, [FC, *LSTM]),
        ({"rank": [4]}, [STEM, *CONV]),
        ({"weights": "recurrent_kernel"}, [LSTM[1]]),
        ({"weights": ["depthwise*", re.compile("^gamma$")]}, [CONV[0], "norm/gamma"]),
        (
            {"weights": "*", "where": "encoder", "rank": 1},
            ["encoder/conv/bias", "encoder/fc/bias"],
        ),
        ({"weights": "*", "where": "norm"}, ["norm/gamma", "norm/beta"]),
    ],
)
def test_what_is_meant(arguments, expected, model):
    assert paths(Penalize(L2(0.1), **arguments), model) == expected


def test_a_layer_of_the_model(model):
    assert paths(Penalize(L2(0.1), model.get_layer("encoder")), model) == [*CONV, FC]


def test_frozen_weights_are_meant_and_statistics_are_not():
    parts = [layers.Dense(2, trainable=False), layers.BatchNormalization()]
    model = keras.Sequential([keras.Input((2,)), *parts])
    rule = Penalize("l2", weights="*")
    names = [change.weight.name for change in rule.changes(model, rule)]
    assert names == ["kernel", "bias", "gamma", "beta"]


def test_a_function_gives_each_weight_its_own(model):
    rule = Penalize(lambda weight: L1(1.0 / weight.shape[-1]), rank=4)
    new = regularize(model, rule, show=False)
    assert new.get_layer("stem").kernel.regularizer.l1 == 0.5


def test_a_rule_does_not_change():
    rule = Penalize("l2", weights=["kernel"], rank=2)
    assert (rule.penalty.l2, rule.weights, rule.rank) == (0.01, ("kernel",), (2,))
    with pytest.raises(AttributeError):
        rule.rank = 3


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"penalty": 0.1}, TypeError, "penalty"),
        ({"penalty": None}, TypeError, "penalty"),
        ({"penalty": L2}, TypeError, "penalty"),
        ({"penalty": keras.constraints.MaxNorm(2)}, TypeError, "penalty"),
        ({"penalty": keras.layers.Dense(2)}, TypeError, "penalty"),
        ({"penalty": "ridge"}, ValueError, "penalty"),
        ({"penalty": keras.regularizers.Regularizer()}, ValueError, "penalty"),
        ({"weights": 3}, TypeError, "weights"),
        ({"weights": [keras.layers.Dense]}, TypeError, "weights"),
        ({"weights": []}, ValueError, "weights"),
        ({"rank": "2"}, TypeError, "rank"),
        ({"rank": 2.0}, TypeError, "rank"),
        ({"rank": -1}, ValueError, "rank"),
        ({"rank": ()}, ValueError, "rank"),
    ],
)
def test_bad_arguments(arguments, error, name):
    with pytest.raises(error, match=rf"argument `{name}`.* \(Penalize\)\.$"):
        Penalize(**{"penalty": "l2", **arguments})


@pytest.mark.parametrize("where", [3, object(), keras.regularizers.L2, [None]])
def test_bad_places(where, model):
    rule = Penalize("l2", where)
    with pytest.raises(TypeError, match=r"argument `where`.* \(Penalize\)\.$"):
        rule.changes(model, rule)
