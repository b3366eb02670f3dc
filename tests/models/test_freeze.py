import re

import keras
import numpy as np
import pytest
from keras import layers, ops

import kerasreg
from kerasreg.models import freeze_batch_norm, unfreeze_batch_norm

X = np.random.default_rng(0).normal(3.0, 2.0, size=(8, 4)).astype("float32")


def nested():
    """Has batch normalization at three depths, of Keras and of kerasreg, one in a wrapper."""
    norm = kerasreg.layers.BatchNormalization(name="norm")
    inner = keras.Sequential([layers.Dense(4, name="dense"), norm], name="inner")
    inputs = keras.Input((4,))
    x = layers.BatchNormalization(name="bn_1")(inner(inputs))
    middle = keras.Model(inputs, x, name="middle")
    inputs = keras.Input((4,))
    x = layers.BatchNormalization(name="bn_2")(middle(inputs))
    x = layers.Reshape((2, 2))(x)
    wrapped = layers.BatchNormalization(name="bn_3")
    x = layers.TimeDistributed(wrapped, name="steps")(x)
    return keras.Model(inputs, layers.Flatten()(x))


ALL = ("middle/inner/norm", "middle/bn_1", "bn_2", "steps/bn_3")


def flags(model):
    found = norms(model)
    return {layer.name: layer.trainable for layer in found}


def norms(model):
    layer_type = keras.layers.BatchNormalization
    return [layer for layer in model._flatten_layers() if isinstance(layer, layer_type)]


def statistics(model):
    return [
        ops.convert_to_numpy(value)
        for layer in norms(model)
        for value in (layer.moving_mean, layer.moving_variance, layer.gamma, layer.beta)
    ]


def train(model):
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(X, X, epochs=2, batch_size=4, verbose=0)


def test_frozen_layers_stay_to_the_bit_and_the_rest_is_trained():
    model = nested()
    assert freeze_batch_norm(model) == ALL
    assert len(model.trainable_variables) == 2
    kernel = model.trainable_variables[0].numpy()
    before = statistics(model)
    train(model)
    for one, other in zip(before, statistics(model), strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.abs(model.trainable_variables[0].numpy() - kernel).max() > 0
    assert unfreeze_batch_norm(model) == ALL
    assert len(model.trainable_variables) == 10
    train(model)
    norm = model.get_layer("middle").get_layer("inner").get_layer("norm")
    for variable, start in ((norm.moving_mean, 0), (norm.moving_variance, 1)):
        assert np.abs(variable.numpy() - start).min() > 1e-6


@pytest.mark.parametrize("cls", [layers.BatchNormalization, kerasreg.layers.BatchNormalization])
def test_a_frozen_layer_is_in_inference_mode(cls):
    model = keras.Sequential([keras.Input((4,)), cls(name="norm")])
    freeze_batch_norm(model)
    y = ops.convert_to_numpy(model(X, training=True))
    np.testing.assert_allclose(y, X / np.sqrt(1.001), rtol=1e-6)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("bn_*", ALL[1:]),
        ("middle/*", ALL[:2]),
        (kerasreg.layers.BatchNormalization, ALL[:1]),
        (re.compile("(norm|2)$"), (ALL[0], ALL[2])),
        (lambda layer: layer.name == "bn_3", ALL[3:]),
        (["norm", "bn_3"], (ALL[0], ALL[3])),
    ],
)
def test_where(where, expected):
    model = nested()
    assert freeze_batch_norm(model, where) == expected
    names = {path.split("/")[-1] for path in expected}
    assert flags(model) == {name: name not in names for name in ("norm", "bn_1", "bn_2", "bn_3")}
    assert unfreeze_batch_norm(model, where=where) == expected
    assert all(flags(model).values())


def test_freezing_survives_saving_and_cloning(tmp_path):
    model = nested()
    freeze_batch_norm(model, ["norm", "bn_2", "bn_3"])
    expected = {"norm": False, "bn_1": True, "bn_2": False, "bn_3": False}
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert flags(loaded) == expected
    assert flags(keras.models.clone_model(model)) == expected
    assert len(loaded.trainable_variables) == len(model.trainable_variables) == 4


@keras.saving.register_keras_serializable("test_freeze")
class Subclassed(keras.Model):
    """Makes its layers in its constructor, as the documentation says it can."""

    def __init__(self, frozen=False, **kwargs):
        super().__init__(**kwargs)
        self.frozen = frozen
        self.norm = layers.BatchNormalization(name="norm")
        if frozen:
            freeze_batch_norm(self)

    def call(self, inputs, training=None):
        return self.norm(inputs, training=training)

    def get_config(self):
        return {**super().get_config(), "frozen": self.frozen}


def test_subclassed_models_freeze_in_the_constructor_or_after_loading(tmp_path):
    for frozen in (False, True):
        model = Subclassed(frozen)
        model(X)
        freeze_batch_norm(model)
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert loaded.norm.trainable is not frozen
        assert freeze_batch_norm(loaded) == ("norm",)


def test_trainable_on_the_model_decides_for_all_layers_until_the_next_freeze():
    model = nested()
    freeze_batch_norm(model)
    model.trainable = False
    model.trainable = True
    assert all(flags(model).values())
    model.trainable = False
    unfreeze_batch_norm(model.get_layer("middle"), "bn_1")
    assert [v.path.split("/")[-1] for v in model.get_layer("middle").variables if v.trainable] == [
        "gamma",
        "beta",
    ]


@pytest.mark.parametrize("function", [freeze_batch_norm, unfreeze_batch_norm])
def test_bad_input(function):
    plain = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="dense")], name="plain")
    name = function.__name__
    with pytest.raises(TypeError, match=rf"`model`. Expected a Keras model. .* \({name}\)\.$"):
        function(layers.BatchNormalization())
    with pytest.raises(ValueError, match=rf"a model with a batch normaliz.* \({name}\)\.$"):
        function(plain)
    model = nested()
    with pytest.raises(ValueError, match=rf"has 'bn_3', .*Received: where='bn_l' \({name}\)\.$"):
        function(model, "bn_l")
    with pytest.raises(ValueError, match="`where`"):
        function(model, layers.Dense)
    with pytest.raises(TypeError, match="`where`"):
        function(model, 3)
    assert all(flags(model).values())
