import keras
import numpy as np
import pytest

from kerasreg import layers, schedules
from kerasreg.models import with_jacobian_penalty

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(8, 3)).astype("float32"), np.zeros((8, 2), "float32")


def tanh_model(*more):
    first = keras.layers.Dense(4, "tanh", bias_initializer="random_normal")
    return keras.Sequential([keras.Input((3,)), first, *more, keras.layers.Dense(2)])


def outputs(weights, x):
    first, bias, second, last = weights
    return np.tanh(x @ first + bias) @ second + last


def squared_norm(weights):
    """Returns the mean of ||J||^2 over X, by central differences in float64."""
    weights = [np.asarray(each, "float64") for each in weights]
    steps = 1e-5 * np.eye(3)
    columns = [(outputs(weights, X + e) - outputs(weights, X - e)) / 2e-5 for e in steps]
    return float(np.sum(np.square(columns)) / len(X))


def logs_of_a_step(model, rate=0.0, **arguments):
    model.compile(keras.optimizers.SGD(rate), "mse", **arguments)
    logs = model.fit(X, Y, batch_size=8, shuffle=False, verbose=0).history
    return {name: values[0] for name, values in logs.items()}


@pytest.mark.parametrize("jit_compile", [False, True])
def test_exact_penalty_and_its_gradient(jit_compile):
    inside = tanh_model()
    weights = [each.astype("float64") for each in inside.get_weights()]
    model = with_jacobian_penalty(inside, 0.5, projections=None)
    data_loss = (outputs(weights, X) ** 2).mean()
    logs = logs_of_a_step(model, 1.0, jit_compile=jit_compile)
    np.testing.assert_allclose(logs["jacobian_penalty"], 0.25 * squared_norm(weights), rtol=1e-4)
    np.testing.assert_allclose(logs["loss"], data_loss + logs["jacobian_penalty"], rtol=1e-4)

    def loss(number, place, step):
        moved = [each.copy() for each in weights]
        moved[number][place] += step
        return (outputs(moved, X) ** 2).mean() + 0.25 * squared_norm(moved)

    for number, place in [(0, (1, 2)), (1, 0), (2, (3, 1)), (3, 1)]:
        expected = (loss(number, place, 1e-3) - loss(number, place, -1e-3)) / 2e-3
        found = weights[number][place] - inside.get_weights()[number][place]
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_random_directions_estimate_the_norm():
    inside = tanh_model()
    model = with_jacobian_penalty(inside, 2.0, projections=200, seed=1)
    # Uncompiled where a graph of 200 passes would take long to make.
    options = {"run_eagerly": keras.backend.backend() != "jax", "jit_compile": False}
    found = logs_of_a_step(model, **options)["jacobian_penalty"]
    # Of two outputs, C ||v J||^2 is at most twice ||J||^2, so its spread at most ||J||^2; the mean
    # is over 200 directions for each of 8 examples, of which one may have all of the norm.
    expected = squared_norm(inside.get_weights())
    assert abs(found - expected) <= 5 * expected / 200**0.5
    assert found != expected


def test_a_step_draws_other_directions_than_the_one_before():
    model = with_jacobian_penalty(tanh_model(), 1.0, seed=1)
    first = logs_of_a_step(model)["jacobian_penalty"]
    assert (
        model.fit(X, Y, batch_size=8, shuffle=False, verbose=0).history["jacobian_penalty"][0]
        != first
    )
    again = with_jacobian_penalty(model.model, 1.0, seed=1)
    assert logs_of_a_step(again)["jacobian_penalty"] == pytest.approx(first, rel=1e-6)


def test_evaluation_has_no_penalty_and_schedules_follow_the_steps():
    model = with_jacobian_penalty(
        tanh_model(), schedules.Piecewise([1], [0.0, 1.0]), projections=None
    )
    assert logs_of_a_step(model)["jacobian_penalty"] == 0.0
    plain = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert plain["jacobian_penalty"] == 0.0
    logs = model.fit(X, Y, batch_size=8, shuffle=False, verbose=0).history
    expected = 0.5 * squared_norm(model.model.get_weights())
    np.testing.assert_allclose(logs["jacobian_penalty"], [expected], rtol=1e-4)
    np.testing.assert_allclose(logs["loss"], [plain["loss"] + expected], rtol=1e-4)


def test_moving_statistics_are_updated_once_and_masks_are_drawn_anew():
    norm, dropout = keras.layers.BatchNormalization(momentum=0.5), layers.Dropout(0.5, seed=1)
    inside = keras.Sequential([keras.Input((3,)), norm, dropout, keras.layers.Dense(2)])
    logs_of_a_step(with_jacobian_penalty(inside, 1.0, projections=None))
    np.testing.assert_allclose(norm.moving_mean, 0.5 * X.mean(axis=0), rtol=1e-5)
    # One for the loss, one for all of the Jacobian.
    assert int(keras.ops.convert_to_numpy(dropout.seed_generator.state.value)[1]) == 2


def test_integer_inputs_and_several_outputs_are_refused():
    inputs = keras.Input((3,), dtype="int32")
    inside = keras.Model(inputs, keras.layers.Flatten()(keras.layers.Embedding(4, 2)(inputs)))
    model = with_jacobian_penalty(inside)
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="Expected a model whose inputs are floats"):
        model.fit(np.ones((2, 3), "int32"), np.ones((2, 6)), verbose=0)
    inputs = keras.Input((3,))
    inside = keras.Model(inputs, [keras.layers.Dense(2)(inputs), keras.layers.Dense(2)(inputs)])
    model = with_jacobian_penalty(inside)
    model.compile("sgd", ["mse", "mse"])
    with pytest.raises(ValueError, match="Expected a model with one output"):
        model.fit(X, [Y, Y], verbose=0)
