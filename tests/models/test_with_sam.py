import keras
import numpy as np
import pytest
from keras import ops

from kerasreg import layers, regularizers, schedules
from kerasreg.models import with_sam

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(16, 3)), RANDOM.normal(size=(16, 2))
WEIGHT = RANDOM.uniform(0.5, 2.0, size=16)
L2 = 0.1


def linear(**arguments):
    penalty = regularizers.L2(L2)
    layer = keras.layers.Dense(2, bias_initializer="ones", kernel_regularizer=penalty, **arguments)
    return keras.Sequential([keras.Input((3,)), layer])


def gradient(kernel, bias):
    """Returns that of the weighted mean square error and the penalty, in float64."""
    errors = (X @ kernel + bias - Y) * WEIGHT[:, None] / len(X)
    return [X.T @ errors + 2 * L2 * kernel, errors.sum(axis=0)]


def step(weights, rho, sizes):
    """Takes a step of length 0.1 with the gradient at the point that the papers define."""
    scaled = [t * g for t, g in zip(sizes, gradient(*weights), strict=True)]
    norm = np.sqrt(sum((each**2).sum() for each in scaled))
    moved = [w + rho * t * s / norm for w, t, s in zip(weights, sizes, scaled, strict=True)]
    return [w - 0.1 * g for w, g in zip(weights, gradient(*moved), strict=True)]


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("adaptive", [False, True])
def test_steps_are_those_of_the_papers(adaptive, jit_compile):
    inside = linear()
    model = with_sam(inside, 0.5, adaptive=adaptive, eta=0.02)
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=jit_compile)
    weights = [each.astype("float64") for each in inside.get_weights()]
    for _ in range(3):
        sizes = [np.abs(w) + 0.02 if adaptive else np.ones_like(w) for w in weights]
        weights = step(weights, 0.5, sizes)
    model.fit(X, Y, sample_weight=WEIGHT, batch_size=16, epochs=3, verbose=0)
    for found, expected in zip(inside.get_weights(), weights, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_loss_and_metrics_are_those_of_the_weights_as_they_were():
    inside = linear()
    inside.compile("sgd", "mse", metrics=["mae"], weighted_metrics=["mse"])
    before = inside.evaluate(X, Y, sample_weight=WEIGHT, verbose=0, return_dict=True)
    model = with_sam(inside, 0.5)
    model.compile(keras.optimizers.SGD(0.1), "mse", metrics=["mae"], weighted_metrics=["mse"])
    logs = model.fit(X, Y, sample_weight=WEIGHT, batch_size=16, verbose=0).history
    assert logs.keys() == before.keys()
    for name, value in before.items():
        np.testing.assert_allclose(logs[name], [value], rtol=1e-5)


def test_statistics_are_those_of_the_first_pass_and_masks_are_the_same():
    """With rho tiny, the second gradient is the first one, if the masks are."""
    keras.utils.set_random_seed(0)
    results = []
    for wrap in (lambda model: with_sam(model, 1e-6), lambda model: model):
        norm = keras.layers.BatchNormalization(momentum=0.5)
        inside = keras.Sequential(
            [keras.Input((3,)), norm, layers.Dropout(0.5, seed=1), keras.layers.Dense(2)]
        )
        inside.layers[-1].set_weights([np.ones((3, 2)), np.ones(2)])
        model = wrap(inside)
        model.compile(keras.optimizers.SGD(0.1), "mse")
        model.fit(X, Y, batch_size=8, shuffle=False, verbose=0)
        results.append(inside.get_weights())
    for mine, plain in zip(*results, strict=True):
        np.testing.assert_allclose(mine, plain, rtol=1e-4, atol=1e-5)


def test_statistics_of_a_norm_behind_other_weights_are_those_of_the_first_pass():
    norm = keras.layers.BatchNormalization(momentum=0.0)
    dense = keras.layers.Dense(2, use_bias=False)
    inside = keras.Sequential([keras.Input((3,)), dense, norm])
    expected = (X @ dense.get_weights()[0]).mean(axis=0)
    model = with_sam(inside, 10.0)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(X, Y, batch_size=16, verbose=0)
    np.testing.assert_allclose(norm.moving_mean, expected, rtol=1e-4, atol=1e-5)


def test_a_gradient_of_zero_moves_nothing():
    inside = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    inside.set_weights([np.zeros((3, 2)), np.zeros(2)])
    model = with_sam(inside)
    model.compile("sgd", "mse")
    model.fit(X, np.zeros((16, 2)), verbose=0)
    assert not np.any(inside.get_weights()[0])


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_scales_the_loss_and_leaves_out_steps_that_overflow(policy, jit_compile):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        inside = linear()
    finally:
        keras.config.set_dtype_policy(before)
    model = with_sam(inside, 0.5)
    model.compile("sgd", "mse")
    scaling = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaling == (policy == "mixed_float16")
    optimizer = keras.optimizers.SGD(0.1)
    if scaling:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=256.0)
    model.compile(optimizer, "mse", jit_compile=jit_compile)
    weights = inside.get_weights()
    expected = step([each.astype("float64") for each in weights], 0.5, [1.0, 1.0])
    model.fit(X, Y, sample_weight=WEIGHT, batch_size=16, verbose=0)
    for found, value in zip(inside.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=0.02, atol=0.01)
    if scaling:
        weights, scale = inside.get_weights(), float(model.optimizer.dynamic_scale)
        model.fit(X * 1e5, Y, batch_size=16, verbose=0)
        np.testing.assert_array_equal(inside.get_weights()[0], weights[0])
        assert float(model.optimizer.dynamic_scale) == scale / 2


def test_the_model_inside_is_shared_and_saved_alone(tmp_path):
    inside = linear()
    model = with_sam(inside, 0.5)
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.predict(X, verbose=0), inside.predict(X, verbose=0))
    inside.save(tmp_path / "inside.keras")
    loaded = keras.saving.load_model(tmp_path / "inside.keras")
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))


def test_several_named_outputs():
    inputs = keras.Input((3,))
    outputs = {name: keras.layers.Dense(2, name=name)(inputs) for name in ("a", "b")}
    model = with_sam(keras.Model(inputs, outputs))
    model.compile("sgd", {"a": "mse", "b": "mae"})
    logs = model.fit(X, {"a": Y, "b": Y}, verbose=0).history
    assert set(logs) == {"loss", "a_loss", "b_loss"}


def test_embeddings_and_frozen_layers():
    embedding = keras.layers.Embedding(5, 3)
    frozen = keras.layers.Dense(3, trainable=False)
    inside = keras.Sequential(
        [keras.Input((2,)), embedding, frozen, keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    weights = inside.get_weights()
    model = with_sam(inside, 0.5)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(np.array([[0, 1], [3, 1]]), np.ones((2, 1)), verbose=0)
    changed = np.any(inside.get_weights()[0] != weights[0], axis=1)
    np.testing.assert_array_equal(changed, [True, True, False, True, False])
    np.testing.assert_array_equal(inside.get_weights()[1], weights[1])


def test_accumulated_gradients_are_those_of_each_batch():
    inside = linear()
    weights = [each.astype("float64") for each in inside.get_weights()]
    model = with_sam(inside, 0.5)
    model.compile(keras.optimizers.SGD(0.1, gradient_accumulation_steps=2), "mse")
    model.fit(X, Y, sample_weight=WEIGHT, batch_size=16, epochs=2, verbose=0)
    for found, value in zip(inside.get_weights(), step(weights, 0.5, [1.0, 1.0]), strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-5, atol=1e-6)


def test_a_call_with_tensors():
    model = with_sam(linear())
    assert ops.shape(model(ops.convert_to_tensor(X, "float32"))) == (16, 2)


@pytest.mark.parametrize("folded", [False, True])
def test_penalties_whose_strength_is_a_schedule(folded):
    penalty = regularizers.L2(schedules.Linear(0.0, 0.2, steps=2))
    penalty = regularizers.Folded(penalty) if folded else penalty
    start = {"kernel_initializer": "ones", "use_bias": False}
    dense = keras.layers.Dense(1, kernel_regularizer=penalty, **start)
    model = with_sam(keras.Sequential([keras.Input((1,)), dense]), rho=0.1)
    model.compile(keras.optimizers.SGD(0.5), "mse")
    x = np.zeros((1, 1), "float32")
    expected, weight = [], 1.0
    for step in range(3):
        strength = 0.1 * step
        expected.append(0.0 if folded else strength * weight**2)
        weight -= 0.5 * 2 * strength * (weight + 0.1 * (strength > 0))
    found = model.fit(x, x, epochs=3, verbose=0).history["loss"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(dense.get_weights()[0], [[weight]], rtol=1e-5)
