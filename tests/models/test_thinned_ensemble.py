import itertools

import keras
import numpy as np
import pytest
from keras import layers, ops

import kerasreg
from kerasreg import schedules
from kerasreg.models import thinned_ensemble

GENERATOR = np.random.default_rng(1)
X = GENERATOR.normal(size=(4, 3)).astype("float32")


def chain(*parts, shape=(3,)):
    """Returns a chain of layers whose weights are large enough for dropout to matter."""
    model = keras.Sequential([keras.Input(shape), *parts])
    model.set_weights([GENERATOR.normal(size=weight.shape) for weight in model.weights])
    return model


def softmax(z):
    powers = np.exp(z - z.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def brute_force(predict, rates):
    """Returns both means over every mask, for a function of the mask."""
    arithmetic, logarithm = 0.0, 0.0
    for mask in itertools.product((0, 1), repeat=len(rates)):
        mask = np.array(mask)
        weight = np.prod(np.where(mask, 1 - np.array(rates), rates))
        arithmetic = arithmetic + weight * predict(mask)
        logarithm = logarithm + weight * np.log(predict(mask))
    return arithmetic, softmax(logarithm)


def test_one_softmax_layer_predicts_the_geometric_mean_exactly():
    for rate in (0.2, 0.5, 0.9):
        dropout = kerasreg.layers.Dropout(rate)
        model = chain(dropout, layers.Dense(4, activation="softmax"), shape=(10,))
        x = 0.2 * GENERATOR.normal(size=(5, 10)).astype("float32")
        ensemble = thinned_ensemble(model, x)
        assert ensemble.networks == 1024
        assert ensemble.difference < 1e-6
        np.testing.assert_allclose(ensemble.weight_scaling, model.predict(x, verbose=0), rtol=1e-6)
        assert np.abs(ensemble.arithmetic - ensemble.weight_scaling).max() > 1e-3


@pytest.mark.parametrize("dropout", [layers.Dropout, kerasreg.layers.Dropout])
def test_a_deeper_network_is_that_of_numpy_and_near_its_mean(dropout):
    parts = [dropout(0.2), layers.Dense(5, activation="relu"), dropout(0.5)]
    model = chain(*parts, layers.Dense(3, activation="softmax"))
    w1, b1, w2, b2 = (weight.astype("float64") for weight in model.get_weights())

    def predict(mask):
        hidden = np.maximum(X * mask[:3] / 0.8 @ w1 + b1, 0)
        return softmax(hidden * mask[3:] / 0.5 @ w2 + b2)

    arithmetic, geometric = brute_force(predict, [0.2] * 3 + [0.5] * 5)
    ensemble = thinned_ensemble(model, X)
    np.testing.assert_allclose(ensemble.arithmetic, arithmetic, rtol=1e-5)
    np.testing.assert_allclose(ensemble.geometric, geometric, rtol=1e-5)
    whole = softmax(np.maximum(X @ w1 + b1, 0) @ w2 + b2)
    np.testing.assert_allclose(ensemble.weight_scaling, whole, rtol=1e-5)
    assert ensemble.difference == pytest.approx(np.abs(geometric - whole).max(), rel=1e-4)
    assert ensemble.difference > 1e-3


def test_logits_and_a_logistic_unit():
    outputs = layers.Dense(1)
    model = chain(kerasreg.layers.Dropout(0.5), outputs)
    logistic = keras.Sequential([model, layers.Activation("sigmoid")])
    logistic(X)
    one, other = thinned_ensemble(model, X, from_logits=True), thinned_ensemble(logistic, X)
    for name in ("arithmetic", "geometric", "weight_scaling"):
        assert getattr(one, name).shape == (4, 1)
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-4)
    assert one.difference < 1e-6
    probability = 1 / (1 + np.exp(-model.predict(X, verbose=0)))
    np.testing.assert_allclose(one.weight_scaling, probability, rtol=1e-5)


def test_very_sure_networks_need_logits():
    model = chain(kerasreg.layers.Dropout(0.9), layers.Dense(3))
    assert thinned_ensemble(model, 5 * X, from_logits=True).difference < 1e-6


def test_scaling_at_inference_gives_the_same_ensemble():
    heads = [layers.Dense(3, activation="softmax") for _ in range(2)]
    ours = chain(kerasreg.layers.Dropout(0.3, scaling="inference"), heads[0])
    usual = chain(layers.Dropout(0.3), heads[1])
    kernel, bias = usual.get_weights()
    ours.set_weights([kernel / 0.7, bias])
    one, other = thinned_ensemble(ours, X), thinned_ensemble(usual, X)
    for name in ("arithmetic", "geometric", "weight_scaling"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-4)


@pytest.mark.parametrize(
    ("dropout", "units"),
    [
        (lambda: layers.SpatialDropout1D(0.5), 3),
        (lambda: kerasreg.layers.SpatialDropout1D(0.5), 3),
        (lambda: kerasreg.layers.SpatialDropout1D(0.5, data_format="channels_first"), 4),
        (lambda: layers.Dropout(0.5), 12),
        (lambda: layers.Dropout(0.5, noise_shape=(None, 4, 1)), 4),
        (lambda: kerasreg.layers.Dropout(0.5, noise_shape=(1, None)), 3),
    ],
)
def test_units_are_what_is_dropped_independently(dropout, units):
    parts = [dropout(), layers.Flatten(), layers.Dense(2, activation="softmax")]
    ensemble = thinned_ensemble(chain(*parts, shape=(4, 3)), GENERATOR.normal(size=(2, 4, 3)))
    assert ensemble.networks == 2**units
    assert ensemble.difference < 1e-6


def test_a_layer_used_twice_has_units_of_its_own_each_time():
    dropout = kerasreg.layers.Dropout(0.5)
    one, two = keras.Input((2,)), keras.Input((3,))
    x = layers.Concatenate()([dropout(one), dropout(two)])
    model = keras.Model([one, two], layers.Dense(2, activation="softmax")(x))
    ensemble = thinned_ensemble(model, [X[:, :2], X])
    assert ensemble.networks == 32
    assert ensemble.difference < 1e-6


def test_rates_of_zero_and_one_and_of_schedules():
    parts = [kerasreg.layers.Dropout(rate) for rate in (0.0, schedules.Constant(0.25))]
    model = chain(*parts, layers.Dense(2, activation="softmax"))
    assert thinned_ensemble(model, X).networks == 8
    nothing = chain(kerasreg.layers.Dropout(1.0), layers.Dense(2, activation="softmax"))
    expected = softmax(np.tile(nothing.get_weights()[1], (4, 1)))
    np.testing.assert_allclose(thinned_ensemble(nothing, X).arithmetic, expected, rtol=1e-5)


def test_the_model_is_as_before():
    model = chain(kerasreg.layers.Dropout(0.5, name="dropout"), layers.Dense(2))
    before = [ops.convert_to_numpy(variable.value) for variable in model.variables]
    with pytest.raises(ValueError, match="probabilities"):
        thinned_ensemble(model, X)
    thinned_ensemble(model, X, from_logits=True)
    for one, other in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(one, ops.convert_to_numpy(other.value))
    assert model.get_layer("dropout").call.__func__ is kerasreg.layers.Dropout.call


@pytest.mark.parametrize(
    ("model", "match"),
    [
        (chain(layers.Dropout(0.5), shape=(17,)), r"at most 16 .* There are 17 \(dropout"),
        (chain(layers.Dense(2, activation="softmax")), "a Dropout layer of a rate above 0"),
        (chain(layers.Dropout(0.5), layers.Dense(2)), "pass `from_logits=True`"),
    ],
)
def test_models_without_such_an_ensemble_are_refused(model, match):
    with pytest.raises(ValueError, match=match):
        thinned_ensemble(model, np.ones((2, model.input_shape[-1])))


def test_several_outputs_and_other_kinds_are_refused():
    inputs = keras.Input((3,))
    x = layers.Dropout(0.5)(inputs)
    with pytest.raises(ValueError, match="a model with one output"):
        thinned_ensemble(keras.Model(inputs, [x, x]), X)
    with pytest.raises(TypeError, match="`model`"):
        thinned_ensemble(None, X)
    with pytest.raises(TypeError, match="`from_logits`"):
        thinned_ensemble(chain(layers.Dropout(0.5)), X, from_logits=1)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_only_the_weights_of_active_units_are_updated(jit_compile):
    """One training step: what goes into and out of a dropped unit gets a gradient of exactly 0."""
    units = 20
    dropout = kerasreg.layers.Dropout(0.5, noise_shape=(1, None), seed=4)
    hidden = layers.Dense(units, activation="tanh")
    model = chain(hidden, dropout, layers.Dense(3))
    twin = kerasreg.layers.Dropout(0.5, noise_shape=(1, None), seed=4)
    active = ops.convert_to_numpy(twin(np.ones((1, units)), training=True))[0] > 0
    assert 0 < active.sum() < units
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=jit_compile)
    before = model.get_weights()
    model.train_on_batch(X, np.ones((4, 3)))
    into, bias, out, _ = (a != b for a, b in zip(before, model.get_weights(), strict=True))
    for changed in (into.T, bias[:, None], out):
        assert not changed[~active].any()
        assert changed[active].all()
