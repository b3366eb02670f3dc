"""A validation after a batch leaves no trace in the training, on every backend."""

import random

import keras
import numpy as np
import pytest

from kerasreg.callbacks._validation import validate_unnoticed

X = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


class DrawsAlways(keras.layers.Layer):
    """Adds noise and counts its calls, at inference as well."""

    def __init__(self):
        super().__init__()
        self.seed = keras.random.SeedGenerator(5)
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x):
        self.calls.assign_add(1.0)
        return x + 0.01 * keras.random.normal(keras.ops.shape(x), seed=self.seed)


def make_model(**compiling):
    keras.utils.set_random_seed(3)
    stack = [keras.Input((3,)), DrawsAlways(), keras.layers.BatchNormalization()]
    stack += [keras.layers.Dropout(0.5), keras.layers.Dense(1)]
    model = keras.Sequential(stack)
    model.compile("adam", "mse", metrics=["mae"], **compiling)
    return model


class Validating(keras.callbacks.Callback):
    def __init__(self, data):
        super().__init__()
        self.data, self.found = data, []

    def on_train_batch_end(self, batch, logs=None):
        self.found.append(validate_unnoticed(self.model, self.data, batch_size=8))


def trained(*callbacks, **compiling):
    model = make_model(**compiling)
    history = model.fit(X, Y, batch_size=4, epochs=2, verbose=0, callbacks=list(callbacks))
    variables = [*model.variables, *model.optimizer.variables]
    values = [keras.ops.convert_to_numpy(v.value) for v in variables]
    draws = random.random(), np.random.random(), float(keras.random.uniform(()))
    return history.history, values, draws


@pytest.mark.parametrize(
    "compiling",
    [{"jit_compile": False}, {"jit_compile": True}, {"steps_per_execution": 2}],
    ids=["plain", "jit", "executions"],
)
def test_history_weights_seeds_and_optimizer_are_the_same_bit_for_bit(compiling):
    if keras.config.backend() == "torch" and compiling != {"jit_compile": False}:
        pytest.skip("Keras has no steps_per_execution there, and compiling takes half a minute")
    validating = Validating((X[:10], Y[:10]))
    history, values, draws = trained(validating, **compiling)
    expected_history, expected, expected_draws = trained(**compiling)
    assert history == expected_history
    assert draws == expected_draws
    for value, other in zip(values, expected, strict=True):
        np.testing.assert_array_equal(value, other)
    assert len(validating.found) == (6 if "steps_per_execution" in compiling else 12)
    assert set(validating.found[0]) == {"loss", "mae"}


def test_it_says_what_evaluate_says():
    model = make_model()
    model.fit(X, Y, epochs=1, verbose=0)
    weights = np.arange(1, 11) / 10
    state = [np.array(keras.ops.convert_to_numpy(v.value)) for v in model.variables]
    found = validate_unnoticed(model, (X[:10], Y[:10], weights), batch_size=5)
    for variable, value in zip(model.variables, state, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable.value), value)
    expected = model.evaluate(X[:10], Y[:10], 5, 0, weights, return_dict=True)
    assert found == expected


def test_the_state_comes_back_after_an_error():
    model = make_model()
    model.fit(X, Y, epochs=1, verbose=0)
    state = [np.array(keras.ops.convert_to_numpy(v.value)) for v in model.metrics_variables]
    with pytest.raises(Exception, match=r"."):
        validate_unnoticed(model, (X[:10, :2], Y[:10]))
    for variable, value in zip(model.metrics_variables, state, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable.value), value)
