"""Every callback through the same checks; the rows stand in `cases.py`."""

import keras
import numpy as np
import pytest

from tests.conformance.cases import CASES, CallbackCase

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
    assert copy.get_config() == dict(case.arguments)


@every_callback
@pytest.mark.parametrize("jit_compile", [False, True])
def test_fit_with_the_callback(case, jit_compile):
    hidden = keras.layers.Dense(3, "tanh", kernel_regularizer="l1", name="hidden")
    model = keras.Sequential([keras.Input((2,)), hidden, keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=jit_compile)
    x, y = np.ones((4, 2)), np.ones((4, 1))
    history = model.fit(x, y, validation_data=(x, y), epochs=3, verbose=0, callbacks=[case.make()])
    assert np.isfinite(history.history["val_loss"]).all()
