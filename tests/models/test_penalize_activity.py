import keras
import numpy as np
import pytest
from keras import layers, ops

import kerasreg
from kerasreg.models import PenalizeActivity, regularize
from kerasreg.regularizers import L1, L2

X = np.random.default_rng(0).standard_normal((2, 3, 4)).astype("float32")


@keras.saving.register_keras_serializable("test_penalize_activity")
class Block(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(2, name="dense")

    def build(self, input_shape):
        self.dense.build(input_shape)

    def call(self, inputs):
        return self.dense(inputs)


def chain(*parts):
    return keras.Sequential([keras.Input((3, 4)), *parts])


def losses(model):
    model(X)
    return [float(ops.convert_to_numpy(loss)) for loss in model.losses]


def of_outputs(model, layer):
    """Returns the squares of a layer's outputs, summed and divided by the batch, in float64."""
    outputs = keras.Model(model.inputs[0], layer.output)(X)
    return np.sum(np.square(ops.convert_to_numpy(outputs).astype("float64"))) / len(X)


LAYERS = {
    "Dense": lambda: layers.Dense(2, name="layer"),
    "LSTM": lambda: layers.LSTM(2, name="layer"),
    "Activation": lambda: layers.ReLU(name="layer"),
    "TimeDistributed": lambda: layers.TimeDistributed(layers.Dense(2), name="layer"),
    "Bidirectional": lambda: layers.Bidirectional(layers.GRU(2), name="layer"),
    "DropConnect": lambda: kerasreg.layers.DropConnect(layers.Dense(2), 0.5, name="layer"),
}


@pytest.mark.parametrize("name", LAYERS)
def test_outputs(name, tmp_path):
    model = chain(LAYERS[name]())
    new = regularize(model, PenalizeActivity(L2(0.5), "layer"), show=False)
    expected = [pytest.approx(0.5 * of_outputs(new, new.layers[-1]), rel=1e-5)]
    assert losses(new) == expected
    new.save(tmp_path / "model.keras")
    assert losses(keras.saving.load_model(tmp_path / "model.keras")) == expected
    assert losses(model) == []


def test_inside_of_a_wrapper_that_saves_it(tmp_path):
    wrapper = kerasreg.layers.WeightNormalization(layers.Dense(2, name="dense"), name="wrapper")
    new = regularize(chain(wrapper), PenalizeActivity(L2(0.5), "wrapper/dense"), show=False)
    expected = [pytest.approx(0.5 * of_outputs(new, new.layers[0]), rel=1e-5)]
    assert losses(new) == expected
    new.save(tmp_path / "model.keras")
    assert losses(keras.saving.load_model(tmp_path / "model.keras")) == expected


def test_each_call_counts():
    inputs = keras.Input((3, 4))
    dense = layers.Dense(4, name="dense")
    model = keras.Model(inputs, dense(dense(inputs)))
    new = regularize(model, PenalizeActivity("l1", "dense"), show=False)
    assert len(losses(new)) == 2


def test_rules_add_up_and_what_is_there_is_respected():
    rules = [PenalizeActivity(L2(0.5), "dense"), PenalizeActivity(L2(0.25), "dense")]
    new = regularize(chain(layers.Dense(2, name="dense")), rules, show=False)
    expected = 0.75 * of_outputs(new, new.layers[0])
    assert losses(new) == [pytest.approx(expected, rel=1e-5)]
    with pytest.raises(ValueError, match=r"`existing`.*\+.*'dense'"):
        regularize(new, rules[0], show=False)
    added = regularize(new, rules[0], existing="add", show=False)
    assert losses(added) == [pytest.approx(expected * 1.25 / 0.75, rel=1e-5)]
    replaced = regularize(new, rules[1], existing="replace", in_place=True, show=False)
    assert losses(replaced) == [pytest.approx(expected / 3, rel=1e-5)]


@pytest.mark.parametrize(
    ("part", "where", "reason"),
    [
        (lambda: layers.TimeDistributed(layers.Dense(2, name="in"), name="td"), "in", "name it"),
        (lambda: layers.LSTM(2, name="lstm"), "lstm/*", "name the recurrent layer"),
        (lambda: keras.Sequential([layers.Dense(2)], name="inner"), "inner", "its last layer"),
    ],
)
def test_layers_that_cannot_have_one(part, where, reason):
    model = chain(part())
    with pytest.raises(ValueError, match=rf"`where`.*{reason}.* \(PenalizeActivity\)\.$"):
        regularize(model, PenalizeActivity("l1", where))


@pytest.mark.parametrize(
    "layer",
    [
        layers.MultiHeadAttention(2, 2, name="attention"),
        layers.GroupQueryAttention(2, 2, 2, name="attention"),
    ],
    ids=["multi-head", "grouped"],
)
def test_attention_means_something_else_by_it(layer):
    inputs = keras.Input((3, 4))
    model = keras.Model(inputs, layer(inputs, inputs))
    with pytest.raises(ValueError, match="hands it on to its projections"):
        regularize(model, PenalizeActivity("l1", "attention"))


def test_what_a_saved_model_would_lose_is_refused():
    model = chain(Block(name="block"))
    with pytest.raises(ValueError, match=r"`rules`.*a saved model keeps: 'block/dense'"):
        regularize(model, PenalizeActivity(L2(0.5), "block/dense"), show=False)
    regularize(model, PenalizeActivity(L2(0.5), "block/dense"), in_place=True, show=False)
    assert losses(model) == [pytest.approx(0.5 * of_outputs(model, model.layers[0]), rel=1e-5)]


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        (("l2", None), TypeError, "where"),
        ((0.1, "dense"), TypeError, "penalty"),
        ((L1, "dense"), TypeError, "penalty"),
        ((abs, "dense"), TypeError, "penalty"),
        (("entropy", "dense"), ValueError, "penalty"),
    ],
)
def test_bad_arguments(arguments, error, name):
    with pytest.raises(error, match=rf"argument `{name}`.* \(PenalizeActivity\)\.$"):
        PenalizeActivity(*arguments)
