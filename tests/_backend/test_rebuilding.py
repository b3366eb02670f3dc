"""Reads local variables of Keras: these tests fail when Keras renames them."""

import keras
import pytest

from kerasreg._backend.rebuilding import Place, making, places


@keras.saving.register_keras_serializable("kerasreg_tests")
class Witness(keras.layers.Layer):
    """Notes, while it is made from its config, which models are being made."""

    seen: list

    @classmethod
    def from_config(cls, config):
        cls.seen = [[layer.name for layer in place.layers()] for place in places()]
        cls.clones = [place.clone_of(place.original) for place in places()]
        return cls(**config)

    def call(self, inputs):
        return inputs


def functional(*layers):
    inputs = keras.Input((2,), name="in")
    x = inputs
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


def sequential(*layers):
    return keras.Sequential([keras.Input((2,), name="in"), *layers])


def from_config(model):
    return type(model).from_config(model.get_config())


@pytest.mark.parametrize("make", [functional, sequential])
@pytest.mark.parametrize("again", [from_config, keras.models.clone_model])
def test_layers_made_so_far(make, again):
    again(make(keras.layers.Dense(2, name="a"), Witness(), keras.layers.Dense(2, name="b")))
    (names,) = Witness.seen
    assert [name for name in names if name != "in"] == ["a"]


@pytest.mark.parametrize("make", [functional, sequential])
@pytest.mark.parametrize("again", [from_config, keras.models.clone_model])
def test_nested_models_from_the_inside_out(make, again):
    inner = make(Witness())
    first = make(keras.layers.Dense(2, name="a"))
    again(make(first, inner))
    within, around = Witness.seen
    assert "a" not in within
    assert "a" in around


def test_layers_inside_of_other_layers():
    wrapper = keras.layers.TimeDistributed(keras.layers.Dense(2, name="a"))
    inputs = keras.Input((3, 2))
    from_config(keras.Model(inputs, Witness()(wrapper(inputs))))
    assert "a" in Witness.seen[0]


def test_clone_of_the_original():
    model = functional(keras.layers.Dense(2, name="a"), Witness())
    clone = keras.models.clone_model(model, clone_function=remember)
    assert remembered[0].clone_of(model.layers[1]) is clone.layers[1]
    assert remembered[0].original is model.layers[2]


remembered: list = []


def remember(layer):
    remembered[:] = places()
    return type(layer).from_config(layer.get_config())


def test_nothing_is_being_made():
    assert places() == []


def test_a_model_that_kerasreg_makes_is_the_innermost_place():
    made = keras.layers.Dense(2)
    with making(Place({0: made})):
        assert made in list(places()[-1].layers())
    assert places() == []
