"""Every callback through the same checks; the rows stand in `cases.py`."""

import json

import keras
import numpy as np
import pytest

from tests.conformance.cases import CASES, CallbackCase, StoppingCase

every_callback = pytest.mark.parametrize(
    "case", [case for case in CASES if isinstance(case, CallbackCase)], ids=str
)


@every_callback
def test_config_round_trip(case):
    callback = case.make()
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(callback))
    assert type(copy) is case.cls
    assert copy.get_config() == callback.get_config()
    # Not by attribute: a method may have an argument's name, as `EarlyStopping.restore` does.
    config, serialize = copy.get_config(), keras.saving.serialize_keras_object
    assert {name: config[name] for name in case.arguments} == serialize(dict(case.arguments))


@every_callback
@pytest.mark.parametrize("jit_compile", [False, True])
def test_fit_with_the_callback(case, jit_compile):
    hidden = keras.layers.Dense(3, "tanh", kernel_regularizer="l1", name="hidden")
    model = keras.Sequential([keras.Input((2,)), hidden, keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=jit_compile)
    x, y = np.ones((4, 2)), np.ones((4, 1))
    history = model.fit(x, y, validation_data=(x, y), epochs=3, verbose=0, callbacks=[case.make()])
    assert np.isfinite(history.history["val_loss"]).all()


@pytest.mark.parametrize("case", [c for c in CASES if isinstance(c, StoppingCase)], ids=str)
def test_round_trip_of_a_stopping_rule(case):
    rule = case.make()
    config = keras.saving.serialize_keras_object(rule)
    copy = keras.saving.deserialize_keras_object(json.loads(json.dumps(config)))
    assert type(copy) is case.cls
    assert copy == rule
    assert hash(copy) == hash(rule)
    for name, value in case.arguments.items():
        assert getattr(copy, name) == value
    assert copy != case.cls(**{**case.arguments, **_changed(case.arguments)})


def _changed(arguments):
    name, value = next(iter(arguments.items()))
    return {name: value[:1] if isinstance(value, list) else value * 2}
