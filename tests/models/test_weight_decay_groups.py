import re

import keras
import numpy as np
import pytest
from keras import layers

from kerasreg.models import weight_decay_groups
from kerasreg.optimizers import Lookahead, WeightGroups

EVERY = {f"{name}/{weight}" for name in ("stem", "conv", "head") for weight in ("kernel", "bias")}
EVERY |= {"bn/gamma", "bn/beta"}


def convolutional():
    """Returns a model of three levels, with a nested one, and a layer without a kernel."""
    inner = keras.Sequential(
        [
            keras.Input((4, 4, 2)),
            layers.Conv2D(2, 1, name="conv"),
            layers.BatchNormalization(name="bn"),
        ],
        name="backbone",
    )
    stem = layers.DepthwiseConv2D(1, name="stem")
    ends = [layers.GlobalAveragePooling2D(), layers.Dense(1, name="head")]
    return keras.Sequential([keras.Input((4, 4, 2)), stem, inner, *ends])


def by_weight(model, optimizer):
    """Returns decay and factor by the names of the layer and the weight."""
    found = {group["path"]: group for group in optimizer.groups}
    return {
        f"{weight.path.split('/')[-2]}/{weight.name}": (
            found[weight.path]["weight_decay"],
            found[weight.path]["learning_rate_factor"],
        )
        for weight in model.trainable_weights
    }


def test_kernels_decay_by_default_and_depth_counts_from_the_output():
    model = convolutional()
    optimizer = weight_decay_groups(model, "sgd", 0.1, depth_factor=0.5, decay_depth_factor=0.1)
    assert by_weight(model, optimizer) == {
        "stem/kernel": (pytest.approx(0.001), 0.25),
        "stem/bias": (0.0, 0.25),
        "conv/kernel": (pytest.approx(0.01), 0.5),
        "conv/bias": (0.0, 0.5),
        "bn/gamma": (0.0, 0.5),
        "bn/beta": (0.0, 0.5),
        "head/kernel": (0.1, 1.0),
        "head/bias": (0.0, 1.0),
    }


@pytest.mark.parametrize(
    ("arguments", "decaying"),
    [
        ({"where": "head"}, {"head/kernel"}),
        ({"where": "backbone/*"}, {"conv/kernel"}),
        ({"where": [layers.Dense, re.compile("stem")]}, {"head/kernel", "stem/kernel"}),
        ({"weights": "*"}, EVERY),
        ({"weights": ["bias", "gamma"], "where": "*n*"}, {"conv/bias", "bn/gamma"}),
        ({"rank": 2}, {"head/kernel"}),
        ({"weights": "*", "rank": 1, "where": "bn"}, {"bn/gamma", "bn/beta"}),
    ],
    ids=["glob", "path", "list", "all", "names", "rank", "ranks"],
)
def test_rules_for_what_decays(arguments, decaying):
    model = convolutional()
    found = by_weight(model, weight_decay_groups(model, "sgd", 0.1, **arguments))
    assert {name for name, (decay, _) in found.items() if decay} == decaying


def test_levels_by_name_and_more_factors():
    model = convolutional()
    optimizer = weight_decay_groups(
        model,
        keras.optimizers.AdamW(weight_decay=0.2),
        depth_factor=0.5,
        levels=["*", ["head", "bn"]],
        learning_rate_factors={"head": 10.0, layers.Dense: 2.0, "stem": 0.0},
    )
    found = by_weight(model, optimizer)
    assert found["head/kernel"] == (0.2, 20.0)
    assert found["bn/gamma"] == (0.0, 1.0)
    assert found["conv/kernel"] == (0.2, 0.5)
    assert found["stem/kernel"] == (0.2, 0.0)


def test_without_any_decay_only_rates_differ():
    model = convolutional()
    found = by_weight(model, weight_decay_groups(model, "sgd", depth_factor=0.5))
    assert {decay for decay, _ in found.values()} == {0.0}


@pytest.mark.parametrize("jit_compile", [False, True])
def test_training_and_a_loaded_model(jit_compile, tmp_path):
    if jit_compile and keras.backend.backend() == "torch":
        pytest.skip("the compiler of PyTorch takes a quarter of a minute")
    model = convolutional()
    model.get_layer("stem").trainable = False
    before = {weight.path: keras.ops.convert_to_numpy(weight.value) for weight in model.weights}
    optimizer = weight_decay_groups(
        model, keras.optimizers.SGD(0.5), 0.5, learning_rate_factors={"head": 0.5}
    )
    model.compile(optimizer, "mse", jit_compile=jit_compile)
    x, y = np.zeros((4, 4, 4, 2)), np.zeros((4, 1))  # no gradient but decay
    model.fit(x, y, verbose=0)
    for name, factor in (("stem", 1.0), ("head", 1 - 0.5 * 0.5 * 0.5)):
        kernel = model.get_layer(name).weights[0]
        np.testing.assert_allclose(kernel.numpy(), factor * before[kernel.path], rtol=1e-6)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.optimizer.groups == optimizer.groups
    for each in (model, loaded):
        each.fit(x, y, verbose=0)
    for mine, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


class Own(keras.Model):
    """A model whose layers have new names whenever it is made."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.first, self.second = layers.Dense(3), layers.Dense(1)

    def call(self, inputs):
        return self.second(self.first(inputs))


def test_a_model_of_a_class_of_its_own_goes_on_after_loading(tmp_path):
    model = Own()
    x, y = np.ones((4, 2)), np.ones((4, 1))
    model(x)
    model.compile(weight_decay_groups(model, "sgd", 0.1, depth_factor=0.5), "mse")
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", custom_objects={"Own": Own})
    for each in (model, loaded):
        each.fit(x, y, verbose=0)
    for mine, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_names_of_optimizers():
    assert isinstance(weight_decay_groups(convolutional()).base, keras.optimizers.AdamW)
    assert isinstance(weight_decay_groups(convolutional(), "lion", 0.1), WeightGroups)


@pytest.mark.parametrize(
    ("arguments", "name", "error"),
    [
        ({"optimizer": "adm"}, "optimizer", ValueError),
        ({"optimizer": None}, "optimizer", TypeError),
        ({"optimizer": Lookahead("sgd")}, "base", ValueError),
        ({"weight_decay": -0.1}, "weight_decay", ValueError),
        ({"weight_decay": "a"}, "weight_decay", TypeError),
        ({"where": "haed"}, "where", ValueError),
        ({"where": 3}, "where", TypeError),
        ({"weights": "kernels"}, "weights", ValueError),
        ({"weights": 3}, "weights", TypeError),
        ({"rank": 7}, "rank", ValueError),
        ({"depth_factor": 0.0}, "depth_factor", ValueError),
        ({"depth_factor": None}, "depth_factor", TypeError),
        ({"decay_depth_factor": -1.0}, "decay_depth_factor", ValueError),
        ({"levels": "head"}, "levels", TypeError),
        ({"levels": ["stem", "head"]}, "levels", ValueError),
        ({"levels": ["*", "haed"]}, "levels", ValueError),
        ({"learning_rate_factors": 0.5}, "learning_rate_factors", TypeError),
        ({"learning_rate_factors": {"head": -1.0}}, "learning_rate_factors", ValueError),
        ({"learning_rate_factors": {"haed": 1.0}}, "learning_rate_factors", ValueError),
    ],
)
def test_bad_input(arguments, name, error):
    with pytest.raises(error, match=rf"argument `{name}`\. Expected .*Received: "):
        weight_decay_groups(convolutional(), **arguments)


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match=r"`model`.*a Keras model"):
        weight_decay_groups(layers.Dense(2))
    with pytest.raises(ValueError, match=r"`model`.*a model that is built"):
        weight_decay_groups(keras.Sequential([layers.Dense(2)]))
