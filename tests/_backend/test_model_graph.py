import keras
import pytest
from keras import layers, ops

from kerasreg._backend.model_graph import calls, is_functional, is_sequential, members


class OwnConstructor(keras.Model):
    def __init__(self, units):
        inputs = keras.Input((2,))
        super().__init__(inputs, layers.Dense(units)(inputs))


class OwnStep(keras.Model):
    pass


def functional(kind=keras.Model):
    inputs = keras.Input((2,), name="inputs")
    dense = layers.Dense(2, name="dense")
    return kind(inputs, ops.relu(dense(dense(inputs))) + inputs)


@pytest.mark.parametrize("kind", [keras.Model, OwnStep], ids=["Keras", "own"])
def test_functional(kind):
    assert is_functional(functional(kind))
    assert not is_sequential(functional(kind))


def test_models_and_layers_that_are_more_than_a_graph():
    assert not is_functional(OwnConstructor(3))
    assert not is_functional(layers.Dense(2))
    assert is_sequential(keras.Sequential())
    assert not is_functional(keras.Sequential())


def test_calls_are_in_the_order_of_computation():
    model = functional()
    names = [type(call.operation).__name__ for call in calls(model)]
    assert names == ["Dense", "Dense", "Relu", "Add"]
    first, second, _, last = calls(model)
    assert first.inputs == (model.inputs[0],)
    assert second.inputs == first.outputs
    assert last.outputs == (model.outputs[0],)
    assert len({call.key for call in calls(model)}) == 4


def test_arguments_have_other_tensors():
    first = calls(functional())[0]
    assert first.arguments({id(first.inputs[0]): "other"}) == (("other",), {})


def test_sequential_is_a_chain_after_its_input():
    dense = layers.Dense(2)
    model = keras.Sequential([dense, layers.ReLU(), dense])
    assert calls(model) == []
    model.build((None, 2))
    assert [call.operation for call in calls(model)] == [dense, model.layers[1], dense]
    assert [type(layer).__name__ for layer in members(model)] == [
        "InputLayer",
        "Dense",
        "ReLU",
        "Dense",
    ]
