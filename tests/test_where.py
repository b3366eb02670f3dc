import json
import re

import keras
import pytest
from keras import layers

from kerasreg._where import layers_where, loaded_where, saved_where
from kerasreg.layers import Dropout


@pytest.fixture(scope="module")
def model():
    stem = keras.Sequential([layers.Conv1D(2, 1, name="conv"), layers.ReLU(name="relu")], name="a")
    deep = keras.Sequential([stem, layers.Dense(2, name="dense")], name="b")
    return keras.Sequential(
        [keras.Input((3, 2)), deep, layers.Dense(2, name="Dense_2"), layers.ReLU(name="relu_2")]
    )


def paths(found):
    return [path for path, _ in found]


def no_input(layer):
    return not isinstance(layer, layers.InputLayer)


def is_dense(layer):
    return isinstance(layer, layers.Dense)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("relu", ["b/a/relu"]),
        ("relu*", ["b/a/relu", "relu_2"]),
        ("[bd]*", ["b", "b/dense"]),
        ("b/*", ["b/a", "b/a/conv", "b/a/relu", "b/dense"]),
        ("*/a/*", ["b/a/conv", "b/a/relu"]),
        ("?/dense", ["b/dense"]),
        ("Dense*", ["Dense_2"]),
        (re.compile("relu$"), ["b/a/relu"]),
        (re.compile("^b/.*e", re.IGNORECASE), ["b/a/relu", "b/dense"]),
        (layers.ReLU, ["b/a/relu", "relu_2"]),
        (is_dense, ["b/dense", "Dense_2"]),
        (["relu_2", layers.Conv1D], ["b/a/conv", "relu_2"]),
        (("b/dense", "dense"), ["b/dense"]),
    ],
)
def test_what_is_meant(model, where, expected):
    assert paths(layers_where(model, where, "me", of=no_input)) == expected


def test_none_means_all_and_a_layer_means_itself(model):
    everything = layers_where(model, None, "me")
    assert {"b", "b/a", "b/a/conv", "relu_2"} < set(paths(everything))
    relu = dict(everything)["b/a/relu"]
    assert layers_where(model, relu, "me") == [("b/a/relu", relu)]


def test_only_certain_layers_can_be_meant(model):
    assert paths(layers_where(model, "*", "me", of=is_dense)) == ["b/dense", "Dense_2"]
    with pytest.raises(ValueError, match=r"a dense layer, of which the model has 'b/dense', 'Den"):
        layers_where(model, layers.ReLU, "me", of=is_dense, called="a dense layer")


@pytest.mark.parametrize(
    ("where", "near"),
    [
        ("rleu_2", "'relu_2', 'relu'"),
        (["relu", "b/dens"], "'b/dense', 'dense'"),
        ("relu*/x", "'b/a/relu'"),
        (re.compile("pool"), "'b', 'b/a', 'b/a/conv'"),
        (layers.LSTM, "'b', 'b/a', 'b/a/conv'"),
        ([], "'b', 'b/a', 'b/a/conv'"),
        (lambda layer: False, "'b', 'b/a', 'b/a/conv'"),
    ],
)
def test_what_means_nothing_is_an_error_that_names_what_is_near(model, where, near):
    with pytest.raises(ValueError, match="argument `where`") as raised:
        layers_where(model, where, "me", of=no_input)
    assert near in str(raised.value)
    assert str(raised.value).endswith("(me).")


@pytest.mark.parametrize(
    ("where", "fix"),
    [
        ("ReLU", "A class is given as such, without quotes."),
        ("relu(_[0-9]+)?", "for a regular expression give `re.compile(...)`."),
        ("^b/", "for a regular expression give `re.compile(...)`."),
        ("relu(", "Received: after='relu('"),
    ],
)
def test_a_string_that_is_no_glob_is_told_what_to_be(model, where, fix):
    with pytest.raises(ValueError, match="argument `after`") as raised:
        layers_where(model, where, "me", of=no_input, name="after")
    assert fix in str(raised.value)
    assert ("re.compile" in fix) == ("re.compile" in str(raised.value))


@pytest.mark.parametrize("where", [1, b"relu", int, [3], {"relu"}, True])
def test_the_wrong_kind(model, where):
    with pytest.raises(TypeError, match=r"argument `where`\. Expected a glob"):
        layers_where(model, where, "me")


def test_a_model_without_such_layers(model):
    def is_lstm(layer):
        return isinstance(layer, layers.LSTM)

    with pytest.raises(ValueError, match=r"argument `model`\. Expected a model with a layer\. Rec"):
        layers_where(model, None, "me", of=is_lstm)
    with pytest.raises(ValueError, match="It is not built"):
        layers_where(keras.Sequential(), None, "me")


@pytest.mark.parametrize(
    "where",
    [
        None,
        "b/*",
        re.compile("CONV", re.IGNORECASE),
        layers.Dense,
        Dropout,
        [layers.ReLU, "dense", re.compile("b/")],
    ],
    ids=["none", "glob", "expression", "class", "our class", "list"],
)
def test_what_is_saved_is_json_and_comes_back(where):
    assert loaded_where(json.loads(json.dumps(saved_where(where)))) == where


def test_what_has_no_name_in_a_file_stays_as_it_is():
    class Dense(layers.Dense):
        pass

    for where in (is_dense, layers.Dense(2), Dense):
        assert loaded_where(saved_where(where)) is where


def test_a_class_that_is_not_registered_any_more_is_refused():
    with pytest.raises(ValueError, match=r"a class that Keras knows\. Import .*'mine>Dense'"):
        loaded_where({"class": "mine>Dense"})
